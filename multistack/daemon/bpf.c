// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the programs, pinning and reopening the maps.
 *
 * Everything is pinned under one bpffs directory.  A daemon that finds maps
 * there adopts them, with the sizes that they were made with; it loads its own
 * programs on top of them.  If the directory is not on a bpffs, one is mounted
 * on it, and cleanup unmounts it again.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "msd.h"
#include "multistack.skel.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

struct st_abi {
	uint32_t abi;
	uint32_t max_ports;
	uint32_t max_tuples;
	uint32_t max_frags;
};

int map_set(int map, const void *key, const void *val)
{
	return bpf_map_update_elem(map, key, val, BPF_ANY) ? -errno : 0;
}

int map_get(int map, const void *key, void *val)
{
	return bpf_map_lookup_elem(map, key, val) ? -errno : 0;
}

int map_del(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) ? -errno : 0;
}

static int print_fn(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level != LIBBPF_WARN || !getenv("MULTISTACK_DEBUG_BPF"))
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = 0;
	log_warn("%s", line);
	return 0;
}

static bool on_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (uint32_t)fs.f_type == BPF_FS_MAGIC;
}

static int make_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static int prepare_bpffs(struct msd *d)
{
	char parent[256];
	char *slash;
	int err;

	snprintf(parent, sizeof(parent), "%s", d->o.bpffs);
	slash = strrchr(parent, '/');
	if (slash && slash != parent)
		*slash = 0;
	if (!on_bpffs(d->o.bpffs) && !on_bpffs(parent)) {
		/* the usual place, not mounted: mount it for everybody */
		if (!strcmp(parent, "/sys/fs/bpf")) {
			if (mount("bpf", parent, "bpf", 0, "mode=0700")) {
				err = -errno;
				log_err("cannot mount a bpffs on %s: %s; mount one, or see --bpffs",
					parent, strerror(-err));
				return err;
			}
		} else {
			err = make_dir(d->o.bpffs);
			if (!err && mount("bpf", d->o.bpffs, "bpf", 0, "mode=0700"))
				err = -errno;
			if (err) {
				log_err("cannot mount a bpffs on %s: %s; see --bpffs",
					d->o.bpffs, strerror(-err));
				return err;
			}
			d->mounted = true;
		}
	}
	err = make_dir(d->o.bpffs);
	if (err)
		log_err("cannot make %s: %s", d->o.bpffs, strerror(-err));
	return err;
}

static int state_map(struct msd *d, const char *name, enum bpf_map_type type,
		     uint32_t vsize, uint32_t entries)
{
	char path[300];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", d->o.bpffs, name);
	fd = bpf_obj_get(path);
	if (fd >= 0)
		return fd;
	fd = bpf_map_create(type, name, 4, vsize, entries, NULL);
	if (fd < 0) {
		err = -errno;
		log_err("cannot create the map %s: %s%s", name, strerror(-err),
			err == -EPERM ? "; multistackd needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN" : "");
		return err;
	}
	if (bpf_obj_pin(fd, path)) {
		err = -errno;
		log_err("cannot pin %s: %s", path, strerror(-err));
		close(fd);
		return err;
	}
	return fd;
}

static int check_abi(struct msd *d)
{
	struct st_abi abi = { 0 };
	uint32_t zero = 0;

	d->map.st_abi = state_map(d, "st_abi", BPF_MAP_TYPE_ARRAY, sizeof(abi), 1);
	if (d->map.st_abi < 0)
		return d->map.st_abi;
	if (map_get(d->map.st_abi, &zero, &abi))
		return -EIO;
	if (!abi.abi) {
		abi = (struct st_abi){ MS_ABI, d->o.max_ports, d->o.max_tuples,
				       d->o.max_frags };
		return map_set(d->map.st_abi, &zero, &abi);
	}
	if (abi.abi != MS_ABI) {
		log_err("%s holds the state of an incompatible version (%u, not %u); run multistackd --cleanup",
			d->o.bpffs, abi.abi, MS_ABI);
		return -EPROTO;
	}
	if (abi.max_ports != d->o.max_ports || abi.max_tuples != d->o.max_tuples ||
	    abi.max_frags != d->o.max_frags)
		log_warn("sizes are those that the tables in %s have: %u ports, %u tuples, %u fragments; multistackd --cleanup makes way for others",
			 d->o.bpffs, abi.max_ports, abi.max_tuples, abi.max_frags);
	d->o.max_ports = abi.max_ports;
	d->o.max_tuples = abi.max_tuples;
	d->o.max_frags = abi.max_frags;
	return 0;
}

/* Before anything is mounted or made, which would fail for no clear reason. */
static int check_kernel(void)
{
	if (bpf_obj_get("/") < 0 && errno == ENOSYS) {
		log_err("this kernel is without BPF (CONFIG_BPF_SYSCALL), which MultiStack cannot do without");
		return -ENOSYS;
	}
	return 0;
}

int bpf_setup(struct msd *d)
{
	struct bpf_map *map;
	int err;

	libbpf_set_print(print_fn);
	err = check_kernel();
	if (!err)
		err = prepare_bpffs(d);
	if (!err)
		err = check_abi(d);
	if (err)
		return err;

	d->skel = ms_bpf__open();
	if (!d->skel) {
		err = -errno;
		log_err("cannot open the programs: %s", strerror(-err));
		return err;
	}
	bpf_map__set_max_entries(d->skel->maps.ms_tuples, d->o.max_tuples);
	bpf_map__set_max_entries(d->skel->maps.ms_frags, d->o.max_frags);
	bpf_map__set_max_entries(d->skel->maps.ms_ports, d->o.max_ports);
	bpf_map__set_max_entries(d->skel->maps.ms_limits, d->o.max_ports);
	bpf_map__set_max_entries(d->skel->maps.ms_stats, d->o.max_ports);
	bpf_map__set_max_entries(d->skel->maps.ms_xsks, d->o.max_ports);
	bpf_object__for_each_map(map, d->skel->obj) {
		char path[300];

		if (strncmp(bpf_map__name(map), "ms_", 3))
			continue;
		snprintf(path, sizeof(path), "%s/%s", d->o.bpffs, bpf_map__name(map));
		bpf_map__set_pin_path(map, path);
	}
	err = ms_bpf__load(d->skel);
	if (err) {
		log_err("the kernel did not take the programs: %s%s", strerror(-err),
			err == -EPERM ? "; multistackd needs root" :
			"; MULTISTACK_DEBUG_BPF=1 shows why");
		return err;
	}
	d->map.tuples = bpf_map__fd(d->skel->maps.ms_tuples);
	d->map.ports = bpf_map__fd(d->skel->maps.ms_ports);
	d->map.limits = bpf_map__fd(d->skel->maps.ms_limits);
	d->map.nics = bpf_map__fd(d->skel->maps.ms_nics);
	d->map.nicids = bpf_map__fd(d->skel->maps.ms_nicids);
	d->map.local = bpf_map__fd(d->skel->maps.ms_local);
	d->map.filter = bpf_map__fd(d->skel->maps.ms_filter);
	d->map.stats = bpf_map__fd(d->skel->maps.ms_stats);
	d->map.nicstats = bpf_map__fd(d->skel->maps.ms_nicstats);
	d->map.events = bpf_map__fd(d->skel->maps.ms_events);
	d->map.xsks = bpf_map__fd(d->skel->maps.ms_xsks);

	d->map.st_switch = state_map(d, "st_switch", BPF_MAP_TYPE_ARRAY,
				     sizeof(struct st_switch), MS_MAX_NICS);
	d->map.st_port = state_map(d, "st_port", BPF_MAP_TYPE_ARRAY,
				   sizeof(struct st_port), d->o.max_ports);
	d->map.st_cred = state_map(d, "st_cred", BPF_MAP_TYPE_HASH,
				   sizeof(struct st_cred), d->o.max_tuples);
	if (d->map.st_switch < 0 || d->map.st_port < 0 || d->map.st_cred < 0)
		return -EIO;

	d->filter = mmap(NULL, sizeof(*d->filter), PROT_READ | PROT_WRITE,
			 MAP_SHARED, d->map.filter, 0);
	if (d->filter == MAP_FAILED) {
		err = -errno;
		log_err("cannot map the port filter: %s", strerror(-err));
		return err;
	}
	d->bpffs_fd = open(d->o.bpffs, O_DIRECTORY | O_CLOEXEC);
	d->ncpus = libbpf_num_possible_cpus();
	return 0;
}

/* Unpin everything; links that nobody else holds are gone with it. */
int bpf_cleanup(struct msd *d)
{
	struct dirent *e;
	char path[512];
	DIR *dir;

	dir = opendir(d->o.bpffs);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", d->o.bpffs, e->d_name);
		/* the kernel's own maps.debug and progs.debug stay: EPERM */
		if (on_bpffs(path) && unlink(path) && errno != EPERM)
			log_warn("cannot remove %s: %s", path, strerror(errno));
	}
	closedir(dir);
	if (rmdir(d->o.bpffs) && errno == EBUSY) {
		/* the mount point of a bpffs of our own */
		umount2(d->o.bpffs, MNT_DETACH);
		rmdir(d->o.bpffs);
	}
	return 0;
}

int prog_fd(struct msd *d, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(d->skel->obj, name);

	return p ? bpf_program__fd(p) : -ENOENT;
}

int sum_stats(struct msd *d, uint32_t id, struct ms_stats_ent *sum)
{
	struct ms_stats_ent *v = calloc(d->ncpus, sizeof(*v));
	unsigned int i, j;
	int err;

	memset(sum, 0, sizeof(*sum));
	if (!v)
		return -ENOMEM;
	err = map_get(d->map.stats, &id, v);
	for (i = 0; !err && i < d->ncpus; i++)
		for (j = 0; j < sizeof(*sum) / 8; j++)
			((uint64_t *)sum)[j] += ((uint64_t *)&v[i])[j];
	free(v);
	return err;
}

int sum_nicstats(struct msd *d, uint32_t id, struct ms_nicstats_ent *sum)
{
	struct ms_nicstats_ent *v = calloc(d->ncpus, sizeof(*v));
	unsigned int i, j;
	int err;

	memset(sum, 0, sizeof(*sum));
	if (!v)
		return -ENOMEM;
	err = map_get(d->map.nicstats, &id, v);
	for (i = 0; !err && i < d->ncpus; i++)
		for (j = 0; j < sizeof(*sum) / 8; j++)
			((uint64_t *)sum)[j] += ((uint64_t *)&v[i])[j];
	free(v);
	return err;
}

int zero_stats(struct msd *d, uint32_t id)
{
	struct ms_stats_ent *v = calloc(d->ncpus, sizeof(*v));
	int err;

	if (!v)
		return -ENOMEM;
	err = map_set(d->map.stats, &id, v);
	free(v);
	return err;
}
