#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static int facts(int directory, const char *path, int flags, struct clinux_file *file) {
  struct statx s;
  if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME, &s) != 0) return -1;
  file->device = makedev(s.stx_dev_major, s.stx_dev_minor);
  file->inode = s.stx_ino;
  file->links = s.stx_nlink;
  file->size = (int64_t)s.stx_size;
  file->modified_ns = s.stx_mtime.tv_sec * 1000000000LL + s.stx_mtime.tv_nsec;
  file->birth_ns = (s.stx_mask & STATX_BTIME) ? s.stx_btime.tv_sec * 1000000000LL + s.stx_btime.tv_nsec : -1;
  file->type = s.stx_mode & S_IFMT;
  return 0;
}

int clinux_stat(const char *path, struct clinux_file *file) { return facts(AT_FDCWD, path, 0, file); }

int clinux_fstat(int descriptor, struct clinux_file *file) { return facts(descriptor, "", AT_EMPTY_PATH, file); }

int clinux_directory(const char *path, struct clinux_directory *directory) {
  struct statx s;
  if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_CTIME, &s) != 0) return -1;
  directory->device = makedev(s.stx_dev_major, s.stx_dev_minor);
  directory->inode = s.stx_ino;
  directory->changed_ns = s.stx_ctime.tv_sec * 1000000000LL + s.stx_ctime.tv_nsec;
  return 0;
}

int clinux_update(const char *directory, const char *names, struct clinux_entry *entries, int count, int *changed) {
  int descriptor = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  int found = 0;
  for (int i = 0; i < count; i++) {
    struct clinux_entry *known = &entries[i];
    struct clinux_entry now = {.name = known->name};
    struct statx s;
    if (statx(descriptor, names + known->name, 0, STATX_INO | STATX_SIZE | STATX_MTIME | STATX_BTIME, &s) == 0) {
      now.device = makedev(s.stx_dev_major, s.stx_dev_minor);
      now.inode = s.stx_ino;
      now.size = (int64_t)s.stx_size;
      now.modified_ns = s.stx_mtime.tv_sec * 1000000000LL + s.stx_mtime.tv_nsec;
      now.birth_ns = (s.stx_mask & STATX_BTIME) ? s.stx_btime.tv_sec * 1000000000LL + s.stx_btime.tv_nsec : -1;
    }
    if (now.device == known->device && now.inode == known->inode && now.size == known->size &&
        now.modified_ns == known->modified_ns && now.birth_ns == known->birth_ns)
      continue;
    *known = now;
    changed[found++] = i;
  }
  close(descriptor);
  return found;
}

int64_t clinux_generation(int descriptor) {
  // The ioctl is declared with a long and writes an int.
  unsigned long generation = 0;
  if (ioctl(descriptor, FS_IOC_GETVERSION, &generation) != 0) return -1;
  return (int64_t)(uint32_t)generation;
}

int64_t clinux_data_after(int descriptor, int64_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int clinux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int clinux_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int clinux_peer(int socket, uint32_t *uid, int32_t *pid) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *uid = peer.uid;
  *pid = peer.pid;
  return 0;
}

const void *clinux_memrchr(const void *memory, int byte, size_t count) { return memrchr(memory, byte, count); }

int clinux_limit_descriptors(int32_t pid, uint64_t soft) {
  struct rlimit limit;
  if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0) return -1;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return prlimit(pid, RLIMIT_NOFILE, &limit, NULL);
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void clinux_trim_memory(void) { malloc_trim(0); }
