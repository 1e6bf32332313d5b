#ifndef CSQLITE_H
#define CSQLITE_H

#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

/// Tells SQLite, for the whole process, to keep no count of the memory it uses: the count takes a mutex for each allocation,
/// 5 % of a backfill's user time, and nobody reads it. Does nothing once SQLite has been used.
///
/// `sqlite3_config` takes any number of arguments, which Swift cannot call.
void ks_sqlite_keep_no_memory_statistics(void);

/// Makes all connections of this process that are opened from now on write whole transactions to their write-ahead logs instead of single
/// pages, see gathered_log.c. Returns an SQLite result code. To be called once, behind the former.
int ks_sqlite_gather_log_writes(void);

/// What a ``ks_cell`` is.
enum { ks_null, ks_integer, ks_real, ks_text, ks_blob };

/// A value of a row that is to be inserted.
typedef struct {
  union {
    int64_t integer;  ///< of a text or blob: where in `ks_rows.bytes` it begins
    double real;
  };
  int32_t length;  ///< of a text or blob, in bytes
  int32_t kind;
} ks_cell;

/// Rows that are to be inserted, one after another.
typedef struct {
  const ks_cell *cells;
  int64_t count;
  int32_t columns;  ///< of each row, at most 16
  const char *bytes;  ///< what texts and blobs consist of
} ks_rows;

/// Lets statements of a connection read `ks_rows(?)`, a table of the columns `c0` to `c15`. Returns an SQLite result code.
int ks_sqlite_add_rows_table(struct sqlite3 *connection);

/// Binds the rows that `ks_rows(?)` has. They must stay as they are until the statement is done.
int ks_sqlite_bind_rows(struct sqlite3_stmt *statement, int index, const ks_rows *rows);

/// Binds the columns of one row to the parameters of a statement, from 1, as long as they stay where they are.
int ks_sqlite_bind_row(struct sqlite3_stmt *statement, const ks_rows *rows, int64_t row);

#endif
