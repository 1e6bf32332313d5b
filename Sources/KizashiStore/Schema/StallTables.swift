import KizashiCore

extension Tables {
  /// Sources that stall. `stall` has the last stall of each source that had one, or its last wait behind a start: what an engine
  /// goes on from. `stall_log` is the log of what was said of sources without a line, beside `clock_advance`: with the lines and
  /// that, all that the rest is a function of. Of rows with the same `lines` those of `stall_log` come first, in their order, each with the clock at
  /// `clock_ms`; then the clock goes where `clock_advance` says.
  static let stalls = """
    CREATE TABLE stall (
      source INTEGER PRIMARY KEY, episode INTEGER NOT NULL, is_open INTEGER NOT NULL, is_awaited INTEGER NOT NULL,
      at_ms INTEGER NOT NULL, clock_ms INTEGER NOT NULL, until_ms INTEGER, lines INTEGER NOT NULL,
      accounts INTEGER NOT NULL, members BLOB NOT NULL);
    CREATE TABLE stall_log (
      seq INTEGER PRIMARY KEY, lines INTEGER NOT NULL, clock_ms INTEGER NOT NULL, source INTEGER NOT NULL,
      kind INTEGER NOT NULL, cause INTEGER NOT NULL, at_ms INTEGER NOT NULL, from_ms INTEGER NOT NULL);
    """

  /// Stands for the account in rows of alerts and deliveries that are about the pipeline: no account has this number.
  static let noAccount = Int64(AccountID.max)
}
