// What Linux offers and Swift's Glibc module does not export (it is built without _GNU_SOURCE).
#ifndef KIZASHI_CLINUX_H
#define KIZASHI_CLINUX_H

#include <stddef.h>
#include <stdint.h>

// Facts about a file, from statx(2).
struct clinux_file {
  uint64_t device;
  uint64_t inode;
  uint64_t links;
  int64_t size;
  int64_t modified_ns;
  int64_t birth_ns;  // -1: the file system keeps none
  uint32_t type;     // S_IFMT part of the mode
};

// Follows symbolic links. 0, or -1 with errno set.
int clinux_stat(const char *path, struct clinux_file *file);
int clinux_fstat(int descriptor, struct clinux_file *file);

// A directory's identity and when its entries or rights last changed (nanoseconds since 1970). 0, or -1 with errno set.
struct clinux_directory {
  uint64_t device;
  uint64_t inode;
  int64_t changed_ns;
};
int clinux_directory(const char *path, struct clinux_directory *directory);

// What was last known of an entry of a directory, links followed. An inode of 0: nothing is there.
struct clinux_entry {
  uint64_t device;
  uint64_t inode;
  int64_t size;
  int64_t modified_ns;
  int64_t birth_ns;
  uint32_t name;  // Offset of its NUL-terminated name
};

// Looks at `count` entries of a directory and brings them up to date. Writes the numbers of those that differ from what was
// known into `changed`, which has room for all; returns how many. -1 with errno set: the directory cannot be opened.
int clinux_update(const char *directory, const char *names, struct clinux_entry *entries, int count, int *changed);

// The inode's generation (FS_IOC_GETVERSION). -1: the file system keeps none.
int64_t clinux_generation(int descriptor);

// Where the next bytes begin that are not in a hole (SEEK_DATA); the offset itself where the file system knows of no holes. -1
// with errno set, ENXIO where only a hole follows.
int64_t clinux_data_after(int descriptor, int64_t offset);

// A pipe whose two ends do not block and are closed on exec.
int clinux_pipe(int ends[2]);

// accept4(2): the new socket does not block and is closed on exec.
int clinux_accept(int listener);

// A Unix stream socket connected to the path; it does not block and is closed on exec. -1 with errno set; EAGAIN: the
// listener's queue is full, ENAMETOOLONG: no socket can have such a path.
int clinux_connect(const char *path);

// SO_PEERCRED: who connected.
int clinux_peer(int socket, uint32_t *uid, int32_t *pid);

// The last `byte` in the memory, or NULL.
const void *clinux_memrchr(const void *memory, int byte, size_t count);

// Sets the soft limit of open descriptors of a process; the hard one stays. 0, or -1 with errno set.
int clinux_limit_descriptors(int32_t pid, uint64_t soft);

// Names the calling thread (15 characters at most), for top -H and debuggers.
void clinux_name_thread(const char *name);

// Gives the kernel back what malloc keeps of memory that was freed.
void clinux_trim_memory(void);

#endif
