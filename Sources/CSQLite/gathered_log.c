#include "CSQLite.h"

#include <sqlite3.h>
#include <string.h>

// SQLite writes each page of a transaction to the write-ahead log with two system calls, of 24 and of 4096 bytes. Here they gather,
// and go to the file in the same order, up to 31 pages with one call: a fifth of what a running daemon takes.
//
// So SQLite may have been told that something is written that is not yet. It does not matter, because
// - the frame that commits is never held back: the call that writes it writes all before it, and fails where any of that does;
//   before a commit nobody but this connection looks for its frames, and a process that ends before it has not committed;
// - whatever else is done with the file (a read, a sync, its size) writes what has gathered first;
// - the order is SQLite's.
//
// Format of the log: https://www.sqlite.org/fileformat2.html#walformat. File systems as layers: https://www.sqlite.org/vfs.html.

// The system's file takes at most 131,071 bytes with one call.
enum { header_size = 24, capacity = 31 * (header_size + 4096) };

// A log as SQLite sees it; the system's file lies behind it in the same memory.
typedef struct {
  sqlite3_file seen;
  char *bytes;
  int count;
  sqlite3_int64 start;  // where in the file they belong
  int is_committing;  // whether the frame being written commits
} gathered_log;

static sqlite3_vfs *system_vfs;

static sqlite3_file *below(sqlite3_file *file) { return (sqlite3_file *)((gathered_log *)file + 1); }

static int flush(sqlite3_file *file) {
  gathered_log *log = (gathered_log *)file;
  int count = log->count;
  // After an error SQLite rolls the transaction back and writes its frames again, or not at all.
  log->count = 0;
  return count == 0 ? SQLITE_OK : below(file)->pMethods->xWrite(below(file), log->bytes, count, log->start);
}

static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  gathered_log *log = (gathered_log *)file;
  if (log->bytes == NULL && (log->bytes = sqlite3_malloc(capacity)) == NULL) return SQLITE_IOERR_NOMEM;
  if (offset != log->start + log->count || log->count + count > capacity) {
    int code = flush(file);
    if (code != SQLITE_OK) return code;
    log->start = offset;
    if (count > capacity) return below(file)->pMethods->xWrite(below(file), bytes, count, offset);
  }
  memcpy(log->bytes + log->count, bytes, (size_t)count);
  log->count += count;
  if (count == header_size) {
    // Bytes 4 to 7 are the size of the database behind a commit, and 0 in a frame that does not commit.
    log->is_committing = memcmp((const char *)bytes + 4, "\0\0\0\0", 4) != 0;
  }
  // The header of a frame that commits as well as its page: headers are also written by themselves, to change a checksum.
  return log->is_committing ? flush(file) : SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  int code = flush(file);
  return code != SQLITE_OK ? code : below(file)->pMethods->xRead(below(file), bytes, count, offset);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int code = flush(file);
  return code != SQLITE_OK ? code : below(file)->pMethods->xTruncate(below(file), size);
}

static int log_sync(sqlite3_file *file, int flags) {
  int code = flush(file);
  return code != SQLITE_OK ? code : below(file)->pMethods->xSync(below(file), flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = flush(file);
  return code != SQLITE_OK ? code : below(file)->pMethods->xFileSize(below(file), size);
}

static int log_control(sqlite3_file *file, int operation, void *argument) {
  int code = flush(file);
  return code != SQLITE_OK ? code : below(file)->pMethods->xFileControl(below(file), operation, argument);
}

static int log_lock(sqlite3_file *file, int level) { return below(file)->pMethods->xLock(below(file), level); }

static int log_unlock(sqlite3_file *file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }

static int log_is_locked(sqlite3_file *file, int *result) {
  return below(file)->pMethods->xCheckReservedLock(below(file), result);
}

static int log_sector_size(sqlite3_file *file) { return below(file)->pMethods->xSectorSize(below(file)); }

static int log_characteristics(sqlite3_file *file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int log_close(sqlite3_file *file) {
  // What has gathered did not commit.
  sqlite3_free(((gathered_log *)file)->bytes);
  return below(file)->pMethods->xClose(below(file));
}

// Version 1: a log is neither shared memory nor mapped.
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_is_locked,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened) {
  (void)vfs;
  if ((flags & SQLITE_OPEN_WAL) == 0) return system_vfs->xOpen(system_vfs, name, file, flags, opened);
  memset(file, 0, sizeof(gathered_log));
  below(file)->pMethods = NULL;
  int code = system_vfs->xOpen(system_vfs, name, below(file), flags, opened);
  // Where it could not be opened it may still have to be closed.
  if (below(file)->pMethods != NULL) file->pMethods = &log_methods;
  return code;
}

int ks_sqlite_gather_log_writes(void) {
  static sqlite3_vfs vfs;
  system_vfs = sqlite3_vfs_find(NULL);
  if (system_vfs == NULL) return SQLITE_ERROR;
  // All but the opening of files is the system's, and does not ask for which layer it is done.
  vfs = *system_vfs;
  vfs.zName = "kizashi";
  vfs.szOsFile += (int)sizeof(gathered_log);
  vfs.xOpen = open_file;
  return sqlite3_vfs_register(&vfs, 1);
}
