// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host files in the stack's poll, select and epoll.  A hostfile is an anonymous
 * file of ours that stands for one open file of the host.  It can only be polled:
 * the answer comes from the host, which from then on reports changes by
 * lib_hostfile_event() until the file is released.
 *
 * poll(2) and select(2) ask again each time, an epoll file stays on: when one is
 * added to the file's waiters (by another function than poll's), the host is told
 * by EPOLLET to report every edge from then on.
 *
 * Events arrive outside of any fiber.  They are put on a list (the host holds the
 * token, so nothing else runs) and waited for in the interrupt handler.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <asm/vcpu.h>

struct hostfile {
	int fd;				/* number of the host's file */
	u32 event;			/* reported and not yet delivered */
	bool edge;			/* an epoll file is among the waiters */
	wait_queue_head_t wait;
	struct hlist_node node;
	struct list_head pending;
};

static DEFINE_HASHTABLE(hostfiles, 8);	/* by fd */
static LIST_HEAD(pending);

static poll_queue_proc pollwait;	/* poll's and select's own */

static __poll_t hostfile_poll(struct file *file, poll_table *pt)
{
	struct hostfile *hf = file->private_data;
	__poll_t events = poll_requested_events(pt) | EPOLLERR | EPOLLHUP;

	if (pt && pt->_qproc && pt->_qproc != pollwait)
		hf->edge = true;
	if (hf->edge)
		events |= EPOLLET;
	poll_wait(file, &hf->wait, pt);
	return (__force __poll_t)lib_host->hostfile_poll(lib_host_arg, hf->fd,
							 (__force u32)events);
}

static int hostfile_release(struct inode *inode, struct file *file)
{
	struct hostfile *hf = file->private_data;

	lib_host->hostfile_release(lib_host_arg, hf->fd);
	local_irq_disable();
	hash_del(&hf->node);
	list_del(&hf->pending);
	local_irq_enable();
	kfree(hf);
	return 0;
}

static const struct file_operations hostfile_fops = {
	.owner		= THIS_MODULE,
	.poll		= hostfile_poll,
	.release	= hostfile_release,
	.llseek		= noop_llseek,
};

long lib_hostfile(int hostfd)
{
	struct hostfile *hf;
	int fd;

	if (hostfd < 0)
		return -EBADF;
	hf = kzalloc(sizeof(*hf), GFP_KERNEL);
	if (!hf)
		return -ENOMEM;
	hf->fd = hostfd;
	init_waitqueue_head(&hf->wait);
	INIT_LIST_HEAD(&hf->pending);

	fd = anon_inode_getfd("[hostfile]", &hostfile_fops, hf, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		kfree(hf);
		return fd;
	}
	local_irq_disable();
	hash_add(hostfiles, &hf->node, hostfd);
	local_irq_enable();
	return fd;
}

void lib_hostfile_event(int hostfd, u32 events)
{
	struct hostfile *hf;

	hash_for_each_possible(hostfiles, hf, node, hostfd) {
		if (hf->fd != hostfd)
			continue;
		hf->event |= events;
		if (list_empty(&hf->pending))
			list_add_tail(&hf->pending, &pending);
	}
	lib_raise(LIBOS_IRQ_HOSTFILE);
}

static irqreturn_t hostfile_irq(int irq, void *arg)
{
	struct hostfile *hf;

	while ((hf = list_first_entry_or_null(&pending, struct hostfile, pending))) {
		u32 event = hf->event;

		hf->event = 0;
		list_del_init(&hf->pending);
		wake_up_poll(&hf->wait, (__force __poll_t)event);
	}
	return IRQ_HANDLED;
}

static int __init hostfile_init(void)
{
	struct poll_wqueues table;

	poll_initwait(&table);
	pollwait = table.pt._qproc;
	poll_freewait(&table);
	return request_irq(LIBOS_IRQ_HOSTFILE, hostfile_irq, 0, "hostfile", NULL);
}
core_initcall(hostfile_init);
