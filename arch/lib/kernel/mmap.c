// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of sockets in the program: rings of packet sockets and AF_XDP.
 *
 * A !MMU kernel refuses to map a socket (mm/nommu.c, validate_mmap_request()) and
 * has a vm_insert_page() that fails, since it cannot make two addresses of one
 * page.  Our host can: the arena is a file of its, of which any page may be mapped
 * once more.  So mmap() here bypasses do_mmap(): it makes the vma itself, reserves
 * addresses from the host, and has the file's own mmap operation fill them.  That
 * operation's calls of vm_insert_page() end at __wrap_vm_insert_page(), by the
 * linker's --wrap, which asks the host for an alias.  remap_vmalloc_range(), which
 * AF_XDP uses, needs no alias: it points the vma at the arena.
 *
 * vmap() is the same for the kernel's own use.
 *
 * Limits: a mapping goes as a whole, by munmap() of its first address; private
 * mappings and MAP_FIXED are refused.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/vmalloc.h>
#include <asm/versions.h>
#include <asm/vcpu.h>

struct lib_mapping {
	struct list_head list;
	struct vm_area_struct *vma;	/* NULL: a vmap() */
	unsigned long start, len;	/* reserved from the host */
};

static LIST_HEAD(mappings);
static DEFINE_MUTEX(mappings_lock);

static long map_file(struct file *file, unsigned long len, unsigned long pgoff)
{
	struct socket *sock = sock_from_file(file);
	struct lib_mapping *map;
	struct vm_area_struct *vma;
	u64 start = 0;
	int ret;

	/*
	 * Sockets only: without an MMU the maps of BPF trust remap_vmalloc_range() to know
	 * how large they are.  sock_mmap() trusts its protocol to have one, as TCP's has
	 * with an MMU.
	 */
	if (!sock || !READ_ONCE(sock->ops)->mmap)
		return -ENODEV;
	if (!lib_host->map)
		return -EOPNOTSUPP;
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	vma = vm_area_alloc(current->mm);
	if (!vma) {
		kfree(map);
		return -ENOMEM;
	}
	ret = lib_host->map(lib_host_arg, &start, LIBOS_MAP_RESERVE, len);
	if (ret)
		goto free;
	map->vma = vma;
	map->start = start;
	map->len = len;
	vma->vm_start = start;
	vma->vm_end = start + len;
	vma->vm_pgoff = pgoff;
	vma->vm_file = get_file(file);
	lib_vm_flags_set(vma, VM_READ | VM_MAYREAD | VM_WRITE | VM_MAYWRITE | VM_SHARED |
			 VM_MAYSHARE);

	ret = file->f_op->mmap(file, vma);
	if (ret)
		goto put;
	mutex_lock(&mappings_lock);
	list_add(&map->list, &mappings);
	mutex_unlock(&mappings_lock);
	return vma->vm_start;

put:
	fput(file);
	lib_host->unmap(lib_host_arg, start, len);
free:
	vm_area_free(vma);
	kfree(map);
	return ret;
}

SYSCALL_DEFINE6(mmap, unsigned long, addr, unsigned long, len, unsigned long, prot,
		unsigned long, flags, unsigned long, fd, unsigned long, off)
{
	struct file *file;
	long ret;

	if (!len || (off & ~PAGE_MASK) || (flags & (MAP_ANONYMOUS | MAP_FIXED)) ||
	    !(flags & MAP_SHARED))
		return -EINVAL;
	if (PAGE_ALIGN(len) < len || off + PAGE_ALIGN(len) < off)
		return -EOVERFLOW;
	file = fget(fd);
	if (!file)
		return -EBADF;
	ret = map_file(file, PAGE_ALIGN(len), off >> PAGE_SHIFT);
	fput(file);
	return ret;
}

static struct lib_mapping *take_mapping(unsigned long start, bool of_program)
{
	struct lib_mapping *map;

	mutex_lock(&mappings_lock);
	list_for_each_entry(map, &mappings, list)
		if (of_program ? map->vma && map->vma->vm_start == start :
				 !map->vma && map->start == start) {
			list_del(&map->list);
			mutex_unlock(&mappings_lock);
			return map;
		}
	mutex_unlock(&mappings_lock);
	return NULL;
}

/* Named as what it replaces in the table; see syscall.c. */
SYSCALL_DEFINE2(lib_munmap, unsigned long, addr, size_t, len)
{
	struct lib_mapping *map = take_mapping(addr, true);
	struct vm_area_struct *vma;

	if (!map)
		return -EINVAL;
	vma = map->vma;
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	lib_host->unmap(lib_host_arg, map->start, map->len);
	fput(vma->vm_file);
	vm_area_free(vma);
	kfree(map);
	return 0;
}

int __wrap_vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page);
int __wrap_vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	u64 at = addr;

	return lib_host->map(lib_host_arg, &at, page_to_phys(page), PAGE_SIZE);
}

void *__wrap_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void *__wrap_vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct lib_mapping *map;
	u64 start = 0, at;
	unsigned int i;

	if (!lib_host->map)
		return NULL;
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return NULL;
	map->len = (unsigned long)count << PAGE_SHIFT;
	if (lib_host->map(lib_host_arg, &start, LIBOS_MAP_RESERVE, map->len))
		goto free;
	map->start = start;
	for (i = 0; i < count; i++) {
		at = start + ((u64)i << PAGE_SHIFT);
		if (lib_host->map(lib_host_arg, &at, page_to_phys(pages[i]), PAGE_SIZE))
			goto unmap;
	}
	mutex_lock(&mappings_lock);
	list_add(&map->list, &mappings);
	mutex_unlock(&mappings_lock);
	return (void *)start;

unmap:
	lib_host->unmap(lib_host_arg, start, map->len);
free:
	kfree(map);
	return NULL;
}

void __wrap_vunmap(const void *addr);
void __wrap_vunmap(const void *addr)
{
	struct lib_mapping *map = take_mapping((unsigned long)addr, false);

	if (WARN_ON(addr && !map))
		return;
	if (map) {
		lib_host->unmap(lib_host_arg, map->start, map->len);
		kfree(map);
	}
}
