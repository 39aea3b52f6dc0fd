/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * DOC: Several processes on one instance: remote system calls
 *
 * The process that booted an instance is its *home*.  Threads of other processes,
 * the *clients*, have identities towards it, too: &struct libos_thread of another
 * kind, with which libos_call(), libos_interrupt(), libos_take_signals(),
 * libos_thread_new() and libos_thread_exit() work as in the home.  A call goes
 * through memory that both share; the home makes it on a task that belongs to the
 * client's thread, and reads and writes the client's memory itself.
 *
 *	client process                       home
 *	--------------                       ----
 *	libos_call()  -- channel: nr, args -->  server: enter(task, call)
 *	  spins, then sleeps                    process_vm_readv/writev()
 *	              <-- result -------------  call_done()
 *
 * A client process has a files table of its own inside the stack.  It is a copy of
 * its parent's if libos_fork_begin() made it (open files are shared, as after
 * fork(2)), and empty if libos_attach() did.  When the process dies, however it
 * does, its calls end and its files are closed.
 *
 * Source: the LibOS paper's Figure 2 (remote system calls); docs/processes.md.
 */
#ifndef LIBOS_REMOTE_H
#define LIBOS_REMOTE_H

#include <stddef.h>
#include <stdint.h>
#include <libos/libos.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libos_server;		/* the home's side */
struct libos_fork;		/* a child that is about to be */

/* --- the home ------------------------------------------------------------ */

/**
 * libos_serve() - let other processes use an instance
 * @thr: an identity of the home, used by the calling thread
 * @listen_fd: listening SOCK_SEQPACKET Unix socket for libos_attach(), owned by the
 *	server from here on; -1: none, only forks
 * @out: the server; one per instance
 *
 * Who connects must have our effective uid (SO_PEERCRED), or be root.  Called again
 * for an instance that is served already: gives the same server; a @listen_fd is
 * added if it has none.  libos_fork_begin() by an identity of the home calls it by itself.
 * Context: ordinary; starts one thread with all signals blocked.
 * Return: 0; -EBUSY (there is a @listen_fd already), -ENOMEM, -EMFILE.
 */
int libos_serve(struct libos_thread *thr, int listen_fd, struct libos_server **out);

/**
 * libos_served() - the server of an instance, if it has one
 * @thr: any identity of the home
 *
 * Most programs never fork; whoever wants to know at their end whether there are
 * clients should not have to make a server for that.
 * Context: any thread.  Return: the server, NULL if the instance is not served.
 */
struct libos_server *libos_served(const struct libos_thread *thr);

/**
 * struct libos_client_info - one client process
 * @pid: process id on the host, 0 if its fork() has not happened yet
 * @threads: identities that it has
 * @calls: made so far
 * @comm: its name, as in /proc/PID/comm
 */
struct libos_client_info {
	int	pid;
	unsigned int threads;
	uint64_t calls;
	char	comm[16];
};

/**
 * libos_serve_clients() - who uses the instance
 * @srv: the server
 * @info: room for @max entries; may be NULL if @max is 0
 *
 * Context: ordinary, any thread of the home.
 * Return: number of client processes, which may be more than @max.
 */
int libos_serve_clients(struct libos_server *srv, struct libos_client_info *info, int max);

/**
 * libos_serve_wait() - sleep until no client process is left
 * @srv: the server
 * @stop_fd: or until this file is readable; -1: none
 *
 * Return: 0 no client is left, 1 @stop_fd is readable, -EINTR.
 */
int libos_serve_wait(struct libos_server *srv, int stop_fd);

/**
 * libos_serve_query() - answer questions that are not system calls
 * @srv: the server
 * @answer: called on the server's thread with a question of libos_ask(); writes at
 *	most @max bytes to @reply and returns how many, or a negative errno
 * @arg: its argument
 */
void libos_serve_query(struct libos_server *srv,
		       int (*answer)(void *arg, const char *question, char *reply, size_t max),
		       void *arg);

/**
 * libos_serve_move() - go on in a child of this process
 * @thr: identity of the home; no other thread is inside a call
 *
 * For a home whose own program has ended while clients live: makes a child with
 * fork(2) which has the instance, its devices and its clients from here on, with
 * threads of its own; the caller may then exit without telling anybody.  Connections
 * through slirp go on.
 * Context: ordinary; the caller holds no locks, and is the only thread besides those
 * of the library.  Devices whose channel has threads of its own (netio) restart them.
 * Return: 0 in the child, its pid in the caller, which must not use the instance any
 * more; negative errno: nothing has changed (-EOPNOTSUPP: a channel that cannot
 * be moved, MultiStack's).
 */
int libos_serve_move(struct libos_thread *thr);

/* --- clients ------------------------------------------------------------- */

/**
 * libos_fd_floor() - where the library's own descriptors may be
 * @floor: lowest number for descriptors that this header's functions open from now
 *	on; they are close-on-exec
 */
void libos_fd_floor(int floor);

/**
 * libos_fd_hold() - let no descriptor of the library have a low number for now
 *
 * What the library's threads open has a number below the floor until it is moved.  A
 * program that closes or replaces a number which is not its own holds this meanwhile.
 * Context: hot; not to be nested, no other function of the library before
 * libos_fd_release(), and no signal handler that may come to it.
 */
void libos_fd_hold(void);

/**
 * libos_fd_release() - the opposite
 */
void libos_fd_release(void);

/**
 * libos_attach() - become a client of a served instance
 * @sock: connected SOCK_SEQPACKET Unix socket, or one of libos_fork_fds(), which brings
 *	the files of that fork; owned by the library, also on failure
 * @main: the calling thread's identity: a process of its own, without open files
 *
 * Permits the home to access this process's memory (PR_SET_PTRACER).  A bad pointer
 * of a call may raise SIGSEGV in the calling thread, as in the home: see libos_fault().
 * Context: ordinary.
 * Return: 0; -EPERM (another user's), -EPROTO (another version), -ECONNRESET (the
 * home is gone), -ENOMEM, -EMFILE.
 */
int libos_attach(int sock, struct libos_thread **main);

/**
 * libos_ask() - put a question to a home
 * @sock: connected socket as for libos_attach(), not consumed
 * @question: NUL-terminated, at most 1000 bytes
 * @reply: gets the answer, NUL-terminated
 * @max: its size
 *
 * Return: length of the answer; -EAGAIN: none within the socket's SO_RCVTIMEO;
 * -ECONNRESET: the home has ended; -EMSGSIZE: @max is too small; another negative
 * errno.
 */
int libos_ask(int sock, const char *question, char *reply, size_t max);

/**
 * libos_mmap() - map a file of the stack: the ring of a packet socket
 * @thr: identity of the calling thread, of the home's or of a client's
 * @arg: the arguments of mmap(2); MAP_SHARED, and not MAP_FIXED
 *
 * Children of a fork have the mapping, too, as libos_munmap() of theirs knows.  By
 * libos_call() only the home can map and unmap, and its children have nothing there; no
 * mapping may be treated both ways.
 * Where a limit on the size of files forbids the arena's, children of the home have
 * nothing there either, and clients get -EOPNOTSUPP.
 * Context: ordinary.
 * Return: the address, which in the home is that of an earlier mapping of the same; or a
 * negative errno; -EBUSY if less of the ring is mapped already.
 */
long libos_mmap(struct libos_thread *thr, const unsigned long arg[6]);

/**
 * libos_munmap() - the opposite
 * @thr: identity of the calling thread
 * @addr: what libos_mmap() has returned; goes as a whole
 *
 * Context: ordinary.
 * Return: 0; -EINVAL: nothing is mapped there.
 */
int libos_munmap(struct libos_thread *thr, unsigned long addr);

/**
 * libos_fork_begin() - prepare the stack's side of a fork
 * @parent: identity of the calling thread, of the home's or of a client's
 * @out: what the other two functions want
 *
 * Copies the parent's files table as of now.  Opens what the child will need at or
 * above the floor.  Any number may be under way in a process, by different threads.
 * Context: ordinary.  Return: 0; -ENOMEM, -EMFILE, -EAGAIN, -ESHUTDOWN.
 */
int libos_fork_begin(struct libos_thread *parent, struct libos_fork **out);

/**
 * libos_fork_fds() - descriptors that the child must not close
 * @f: the fork
 * @fds: gets at most @max numbers
 *
 * All others of the library that the child inherits are useless to it.
 * Context: hot.  Return: how many.
 */
int libos_fork_fds(const struct libos_fork *f, int *fds, int max);

/**
 * libos_fork_part() - in the child: close what is the parent's
 * @f: the fork
 *
 * To be called at once if libos_fork_child() is not; numbers of files may be used
 * again after it.  A child without files of the stack may leave it at that until it
 * needs the stack.  The home counts it as a client from the fork to its death.
 * Context: ordinary code, in a child with one thread.
 */
void libos_fork_part(struct libos_fork *f);

/**
 * libos_fork_child() - in the child: become a client
 * @f: the fork
 * @main: identity of the calling thread.  All identities that the process had before
 *	the fork are gone; their memory is not to be touched
 *
 * Context: ordinary code, in a child with one thread.
 * Return: 0; -ECONNRESET, -ENOMEM, -EMFILE.
 */
int libos_fork_child(struct libos_fork *f, struct libos_thread **main);

/**
 * libos_fork_end() - in the parent: the fork has happened, or not
 * @f: the fork; gone afterwards
 * @pid: of the child; negative if there is none
 */
void libos_fork_end(struct libos_fork *f, int pid);

/**
 * libos_is_remote() - is this an identity of a client?
 * @thr: the identity
 *
 * Context: hot.
 */
int libos_is_remote(const struct libos_thread *thr);

/*
 * Passing one open stack file to another process of the same instance.  A token
 * holds a reference until it is dropped, or its maker's process ends, or what shall
 * outlive that process does: the other end of a socket.
 */

/**
 * libos_fd_give() - make a token for an open file
 * @thr: the calling thread's identity
 * @fd: number in the caller's files table
 * @token: gets 64 random bits, valid until libos_fd_drop()
 *
 * Context: hot.  Return: 0; -EBADF, -ENOMEM, -ESHUTDOWN.
 */
int libos_fd_give(struct libos_thread *thr, int fd, uint64_t *token);

/**
 * libos_fd_give_while() - make a token that lives as long as a socket's other end
 * @thr: the calling thread's identity
 * @fd: number in the caller's files table
 * @witness: one of a connected pair of AF_UNIX stream or seqpacket sockets of the
 *	host; the home takes a duplicate, the caller's may be closed afterwards
 * @token: gets 64 random bits, valid until libos_fd_drop(), or until all descriptors
 *	of the socket that @witness is connected to are closed, those in messages under
 *	way included.  In the home itself: until libos_fd_drop().
 *
 * Context: hot.  Return: as libos_fd_give(); -ETOOMANYREFS (1024 such tokens live),
 * -EMFILE (the home has no more descriptors).
 */
int libos_fd_give_while(struct libos_thread *thr, int fd, int witness, uint64_t *token);

/**
 * libos_fd_take() - open what a token stands for
 * @thr: the calling thread's identity, of any process of the instance
 * @token: from libos_fd_give(); stays valid
 * @fd_hint: the number that it is to get, as &struct libos_call.fd_hint
 *
 * Context: hot.  Return: the number; -ENOENT (no such token), -EMFILE, -ENOMEM.
 */
int libos_fd_take(struct libos_thread *thr, uint64_t token, int fd_hint);

/**
 * libos_fd_drop() - forget a token
 * @thr: the calling thread's identity
 * @token: the token
 *
 * Context: hot.  Return: 0; -ENOENT.
 */
int libos_fd_drop(struct libos_thread *thr, uint64_t token);

#ifdef __cplusplus
}
#endif

#endif /* LIBOS_REMOTE_H */
