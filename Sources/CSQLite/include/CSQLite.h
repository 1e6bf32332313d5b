#ifndef CSQLITE_H
#define CSQLITE_H

/// Tells SQLite, for the whole process, to keep no count of the memory it uses: the count takes a mutex for each allocation,
/// 5 % of a backfill's user time, and nobody reads it. Does nothing once SQLite has been used.
///
/// `sqlite3_config` takes any number of arguments, which Swift cannot call.
void ks_sqlite_keep_no_memory_statistics(void);

/// Makes all connections of this process that are opened from now on write whole transactions to their write-ahead logs instead of single
/// pages, see gathered_log.c. Returns an SQLite result code. To be called once, behind the former.
int ks_sqlite_gather_log_writes(void);

#endif
