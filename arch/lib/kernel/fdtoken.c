// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files on their way from one files table to another.  Processes that share
 * an instance pass descriptors over sockets of the host, which know nothing of
 * our files.  So the sender leaves a reference here under a number, sends the
 * number, and the receiver installs the file from it, as SCM_RIGHTS would.
 *
 * A token counts as a user of the file from outside: a Unix socket that is only
 * left in a token is in flight for nobody, and is not collected.  Tokens belong to
 * the host, which drops those of a process that dies.
 *
 * Calls run on tasks, one at a time and without preemption between them, but may
 * sleep in allocations: the lock is for the table alone.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/sock.h>
#include <asm/vcpu.h>

struct fdtoken {
	u64 token;
	struct file *file;
	struct hlist_node node;
};

static DEFINE_HASHTABLE(tokens, 8);
static DEFINE_SPINLOCK(tokens_lock);

static struct fdtoken *find(u64 token)
{
	struct fdtoken *t;

	lockdep_assert_held(&tokens_lock);
	hash_for_each_possible(tokens, t, node, token)
		if (t->token == token)
			return t;
	return NULL;
}

long lib_fd_give(int fd, u64 token)
{
	struct fdtoken *t = kmalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->token = token;
	t->file = fget_raw(fd);
	if (!t->file) {
		kfree(t);
		return -EBADF;
	}

	spin_lock(&tokens_lock);
	if (find(token)) {
		spin_unlock(&tokens_lock);
		fput(t->file);
		kfree(t);
		return -EEXIST;
	}
	hash_add(tokens, &t->node, token);
	spin_unlock(&tokens_lock);
	return 0;
}

long lib_fd_take(u64 token)
{
	struct file *file = NULL;
	struct fdtoken *t;
	int fd;

	spin_lock(&tokens_lock);
	t = find(token);
	if (t)
		file = get_file(t->file);
	spin_unlock(&tokens_lock);
	if (!file)
		return -ENOENT;

	fd = get_unused_fd_flags(0);
	if (fd < 0) {
		fput(file);
		return fd;
	}
	__receive_sock(file);
	fd_install(fd, file);
	return fd;
}

long lib_fd_drop(u64 token)
{
	struct fdtoken *t;

	spin_lock(&tokens_lock);
	t = find(token);
	if (t)
		hash_del(&t->node);
	spin_unlock(&tokens_lock);
	if (!t)
		return -ENOENT;
	fput(t->file);
	kfree(t);
	return 0;
}
