// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs on links: tcx where the kernel has it (6.6), else clsact.
 *
 * A tcx link is pinned as "l_<what>": it stays when the daemon dies, and a
 * successor replaces the program in it in one step.  A clsact filter stays by
 * itself and is replaced by its handle and priority.
 *
 * libbpf 1.1 knows nothing of tcx, but bpf_link_create() passes the attach
 * type on as it is.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "msd.h"

#ifndef BPF_TCX_INGRESS
#define BPF_TCX_INGRESS 46
#define BPF_TCX_EGRESS 47
#endif

#define CLSACT_HANDLE	1
#define CLSACT_PRIO	0x4d53

static void pin_path(struct msd *d, const char *pin, char *path, size_t size)
{
	snprintf(path, size, "%s/l_%s", d->o.bpffs, pin);
}

/* The pinned link, if it is alive and on @ifindex. */
static int reopen(const char *path, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return -errno;
	/* for tcx, as for xdp, the ifindex comes first; 0 when the link is dead */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.xdp.ifindex != ifindex) {
		close(fd);
		unlink(path);
		return -ESTALE;
	}
	return fd;
}

static void mark_path(struct msd *d, uint32_t ifindex, char *path, size_t size)
{
	snprintf(path, size, "%s/q_%u", d->o.bpffs, ifindex);
}

/*
 * Where the clsact qdisc should be there may be an older "ingress" already.
 * It has one list of filters, and takes one for egress as one more of it: then
 * the program for egress has just taken the place of the other.
 */
static bool one_sided(uint32_t ifindex, uint32_t egress_prog_id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIO);

	return !bpf_tc_query(&hook, &opts) && opts.prog_id == egress_prog_id;
}

static int attach_clsact(struct msd *d, int prog, uint32_t ifindex, bool egress)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
		    .priority = CLSACT_PRIO, .prog_fd = prog,
		    .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);
	char path[300];
	int mark;

	/* so the kernel says that it has no such qdisc, or no such filter */
	if (err == -ENOENT)
		return -EOPNOTSUPP;
	if (err && err != -EEXIST)
		return err;
	if (!err) {
		/* a pinned map of no use but to say that the qdisc is ours */
		mark_path(d, ifindex, path, sizeof(path));
		mark = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ms_mark", 4, 4, 1, NULL);
		if (mark >= 0) {
			bpf_obj_pin(mark, path);
			close(mark);
		}
	}
	err = bpf_tc_attach(&hook, &opts);
	if (err == -ENOENT)
		return -EOPNOTSUPP;
	if (!err && egress && one_sided(ifindex, opts.prog_id)) {
		opts.flags = opts.prog_fd = opts.prog_id = 0;
		bpf_tc_detach(&hook, &opts);
		err = -EADDRINUSE;
	}
	return err;
}

int hook_attach(struct msd *d, const char *prog, uint32_t ifindex, bool egress,
		const char *pin, bool *clsact)
{
	int type = egress ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;
	int fd, link, err = 0;
	char path[300];

	fd = prog_fd(d, prog);
	if (fd < 0)
		return fd;
	pin_path(d, pin, path, sizeof(path));
	*clsact = false;

	link = reopen(path, ifindex);
	if (link >= 0) {
		LIBBPF_OPTS(bpf_link_update_opts, uo);

		err = bpf_link_update(link, fd, &uo) ? -errno : 0;
		close(link);
		return err;
	}
	if (!d->o.force_clsact) {
		link = bpf_link_create(fd, ifindex, type, NULL);
		if (link >= 0) {
			if (bpf_obj_pin(link, path))
				err = -errno;
			close(link);
			return err;
		}
		if (errno != EINVAL && errno != EOPNOTSUPP)
			return -errno;
	}
	*clsact = true;
	return attach_clsact(d, fd, ifindex, egress);
}

/* Whether one of our filters is left on the clsact qdisc. */
static bool clsact_used(uint32_t ifindex)
{
	int dir;

	for (dir = 0; dir < 2; dir++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = dir ? BPF_TC_EGRESS : BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIO);

		if (!bpf_tc_query(&hook, &opts))
			return true;
	}
	return false;
}

void hook_detach(struct msd *d, uint32_t ifindex, bool egress, const char *pin,
		 bool clsact)
{
	char path[300];

	pin_path(d, pin, path, sizeof(path));
	if (!clsact) {
		/*
		 * The kernel frees a link that nobody holds when it gets round to
		 * it.  Until then the same program could not be attached again.
		 */
		int link = bpf_obj_get(path);

		if (link >= 0) {
			bpf_link_detach(link);
			close(link);
		}
		unlink(path);
		return;
	}
	if (ifindex) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIO);

		bpf_tc_detach(&hook, &opts);
		mark_path(d, ifindex, path, sizeof(path));
		if (!access(path, F_OK) && !clsact_used(ifindex)) {
			unlink(path);
			hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
			bpf_tc_hook_destroy(&hook);
		}
	}
}

/* The link is about to go, with everything on it; only our note remains. */
void hook_forget(struct msd *d, uint32_t ifindex)
{
	char path[300];

	mark_path(d, ifindex, path, sizeof(path));
	unlink(path);
}
