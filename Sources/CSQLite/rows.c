#include "CSQLite.h"

#include <sqlite3.h>
#include <stdlib.h>

// A table that is not there: its rows are an array of this process, for as long as a statement runs. `INSERT INTO t SELECT c0, c1 FROM
// ks_rows(?)` inserts all of them with one statement, which costs about half of a statement a row: nothing is bound and reset, no
// cursor opened and closed, and what comes in the order of its key is found where the last row went.
//
// Tables as functions: https://www.sqlite.org/vtab.html#tabfunc2. Pointers as arguments: https://www.sqlite.org/bindptr.html.

static const char pointer_type[] = "ks_rows";

// The hidden column behind the others is the function's argument.
static const char schema[] =
    "CREATE TABLE rows (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, source HIDDEN)";
enum { source_column = 16 };

typedef struct {
  sqlite3_vtab_cursor base;
  const ks_rows *rows;
  int64_t row;
} rows_cursor;

static int connect(sqlite3 *db, void *context, int count, const char *const *arguments, sqlite3_vtab **table, char **error) {
  int code = sqlite3_declare_vtab(db, schema);
  if (code != SQLITE_OK) return code;
  *table = calloc(1, sizeof **table);
  return *table == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table) {
  free(table);
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  for (int i = 0; i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn == source_column && info->aConstraint[i].usable) {
      info->aConstraintUsage[i].argvIndex = 1;
      info->aConstraintUsage[i].omit = 1;
      return SQLITE_OK;
    }
  }
  return SQLITE_CONSTRAINT;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  rows_cursor *made = calloc(1, sizeof *made);
  if (made == NULL) return SQLITE_NOMEM;
  *cursor = &made->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
  free(cursor);
  return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *cursor, int plan, const char *name, int count, sqlite3_value **arguments) {
  rows_cursor *at = (rows_cursor *)cursor;
  at->rows = sqlite3_value_pointer(arguments[0], pointer_type);
  at->row = 0;
  return at->rows == NULL ? SQLITE_MISUSE : SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *cursor) {
  ((rows_cursor *)cursor)->row++;
  return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *cursor) {
  const rows_cursor *at = (rows_cursor *)cursor;
  return at->row >= at->rows->count;
}

// What is bound keeps its place until the statement is done, so that nothing is copied here.
static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int index) {
  const rows_cursor *at = (rows_cursor *)cursor;
  const ks_rows *rows = at->rows;
  if (index >= rows->columns) return SQLITE_OK;
  const ks_cell *cell = rows->cells + at->row * rows->columns + index;
  switch (cell->kind) {
    case ks_null: break;
    case ks_integer: sqlite3_result_int64(result, cell->integer); break;
    case ks_real: sqlite3_result_double(result, cell->real); break;
    case ks_text: sqlite3_result_text(result, rows->bytes + cell->integer, cell->length, SQLITE_STATIC); break;
    case ks_blob: sqlite3_result_blob(result, rows->bytes + cell->integer, cell->length, SQLITE_STATIC); break;
  }
  return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *cursor, sqlite3_int64 *number) {
  *number = ((rows_cursor *)cursor)->row;
  return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_number,
};

int ks_sqlite_add_rows_table(sqlite3 *connection) {
  return sqlite3_create_module(connection, "ks_rows", &module, NULL);
}

int ks_sqlite_bind_rows(sqlite3_stmt *statement, int index, const ks_rows *rows) {
  return sqlite3_bind_pointer(statement, index, (void *)rows, pointer_type, NULL);
}

// Nothing is copied: what is bound must stay where it is for the next step alone, before which all parameters are bound anew.
int ks_sqlite_bind_row(sqlite3_stmt *statement, const ks_rows *rows, int64_t row) {
  int code = SQLITE_OK;
  for (int i = 0; i < rows->columns && code == SQLITE_OK; i++) {
    const ks_cell *cell = rows->cells + row * rows->columns + i;
    switch (cell->kind) {
      case ks_null: code = sqlite3_bind_null(statement, i + 1); break;
      case ks_integer: code = sqlite3_bind_int64(statement, i + 1, cell->integer); break;
      case ks_real: code = sqlite3_bind_double(statement, i + 1, cell->real); break;
      case ks_text: code = sqlite3_bind_text(statement, i + 1, rows->bytes + cell->integer, cell->length, SQLITE_STATIC); break;
      case ks_blob: code = sqlite3_bind_blob(statement, i + 1, rows->bytes + cell->integer, cell->length, SQLITE_STATIC); break;
    }
  }
  return code;
}
