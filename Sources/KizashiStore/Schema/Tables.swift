import KizashiCore

/// The tables behind the views, as migration 1 makes them. Nobody outside the store reads them: users read the views.
///
/// Conventions: names are dense integers (see `account_name`, `event_name`, `user_name`), instants are milliseconds
/// since 1970, scores and grades are integers in hundredths of a point, enumerations are the raw values of Core's enums.
enum Tables {
  /// Facts and the names they are made of.
  ///
  /// `fact` is clustered by time, because that is the order events arrive in: a commit's rows go to a few neighbouring
  /// pages. Instants are kept as milliseconds into the hour (`first`) and from there on (`span`), which an hour's fact
  /// mostly stores in three bytes and none. A fact with `events` 0 proves when something was first and last seen, and no
  /// window counts it: it is what is left of usage that has expired (see ``UsageExpiry``). An event that matched filters has
  /// a name of its own, with them as `conditions` (see Core's `EventVariant`); the event itself, without any, comes before it.
  ///
  /// `amount` is what an hour's events come to in a property that is added up, in millionths: `high` · 2⁶² + `low`, because 64
  /// bits are not enough for a sum of lines of which each may take all of them.
  ///
  /// `record` has the lines that are not usage. What came of `group` lines is in `attribute` and `user_account`, so that a start
  /// need not go through them: `record_not_group` finds the others. `record_of_account` finds what people say of one account.
  ///
  /// `tile` lists the hours that have facts, so that one account's facts are found by one seek an hour instead of
  /// through a second index, and gives each hour its local day in the current business time zone.
  private static let usage = """
    CREATE TABLE fact (
      hour INTEGER NOT NULL, account INTEGER NOT NULL, event INTEGER NOT NULL, user INTEGER NOT NULL,
      events INTEGER NOT NULL, first INTEGER NOT NULL, span INTEGER NOT NULL,
      PRIMARY KEY (hour, account, event, user)) WITHOUT ROWID;
    CREATE TABLE amount (
      hour INTEGER NOT NULL, account INTEGER NOT NULL, event INTEGER NOT NULL, property INTEGER NOT NULL,
      high INTEGER NOT NULL, low INTEGER NOT NULL,
      PRIMARY KEY (hour, account, event, property)) WITHOUT ROWID;
    CREATE TABLE tile (hour INTEGER PRIMARY KEY, day INTEGER NOT NULL);
    CREATE TABLE account_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE UNIQUE INDEX account_by_name ON account_name (name);
    CREATE TABLE event_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL, conditions TEXT NOT NULL);
    CREATE TABLE user_name (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL);
    CREATE TABLE fingerprint (seq INTEGER PRIMARY KEY, hour INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE INDEX fingerprint_by_hour ON fingerprint (hour);
    CREATE TABLE record (
      seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, at_ms INTEGER NOT NULL, account INTEGER, user TEXT, id TEXT,
      count INTEGER NOT NULL, kind INTEGER NOT NULL, event TEXT NOT NULL, line TEXT NOT NULL);
    CREATE TABLE record_field (
      seq INTEGER NOT NULL, ord INTEGER NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL, value TEXT,
      PRIMARY KEY (seq, ord)) WITHOUT ROWID;
    CREATE INDEX record_of_account ON record (account) WHERE kind = \(Record.Kind.track.rawValue);
    CREATE INDEX record_not_group ON record (kind) WHERE kind <> \(Record.Kind.group.rawValue);
    CREATE TABLE user_account (
      source INTEGER NOT NULL, user TEXT NOT NULL, account INTEGER NOT NULL, PRIMARY KEY (source, user)) WITHOUT ROWID;
    """

  /// What the config says, as far as rows refer to it. `measure_name` and `band_name` are store-wide and only grow, so
  /// that old rows keep their names; `current_measure` lists the measures of the current config in its order. `filter` holds
  /// what the current config looks for in properties and since when it has been looked for without a break; `feature` since
  /// when all filters of a feature have (null: always). `summed` is the same of the properties that are added up, whose numbers
  /// `property_name` keeps as long as the store lives.
  private static let config = """
    CREATE TABLE config_version (
      version INTEGER PRIMARY KEY, hash TEXT NOT NULL, text TEXT NOT NULL, zone TEXT NOT NULL,
      made_ms INTEGER NOT NULL);
    CREATE TABLE measure_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    INSERT INTO measure_name VALUES (-1, 'cap'), (-2, 'override'), (-3, 'config'), (-4, 'scorecard');
    CREATE TABLE band_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE current_measure (id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, dimension TEXT);
    CREATE TABLE feature (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, since_ms INTEGER);
    CREATE TABLE filter (
      property TEXT NOT NULL, value TEXT NOT NULL, since_ms INTEGER, PRIMARY KEY (property, value)) WITHOUT ROWID;
    CREATE TABLE property_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE summed (property TEXT NOT NULL PRIMARY KEY, since_ms INTEGER) WITHOUT ROWID;
    CREATE TABLE feature_event (
      event INTEGER NOT NULL, feature INTEGER NOT NULL, PRIMARY KEY (event, feature)) WITHOUT ROWID;
    CREATE TABLE usage_window (id INTEGER PRIMARY KEY, name TEXT NOT NULL, hours INTEGER NOT NULL);
    """

  /// Accounts, their scores and what changed. The key of `measure` is a ``MeasureKey``, that of `change_of` a ``ChangeKey``, and
  /// `score_days` is laid out as ``ScoreDays`` says; `change_block` and `score_block` list their blocks. `change_of`
  /// finds the changes of an account: an index kept by hand, because a commit can fill it in its own order, at a third of what
  /// SQLite needs to keep one in the order of arrival. `from_value` and `to_value` are points as a number, all else as text. `account.since_ms` is when its score became
  /// what it is: the newest instant of its `score_days`. An `attribute` that was removed stays, as null (type 0), so that an older word
  /// that comes late does not bring it back after a restart.
  private static let accounts = """
    CREATE TABLE account (
      id INTEGER PRIMARY KEY, first_ms INTEGER, last_ms INTEGER, score INTEGER, computed INTEGER, band TEXT,
      coverage REAL, phase TEXT, touch TEXT, scored_ms INTEGER, since_ms INTEGER, config_version INTEGER NOT NULL,
      state BLOB NOT NULL);
    CREATE TABLE attribute (
      account INTEGER NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL, value TEXT, updated_ms INTEGER NOT NULL,
      PRIMARY KEY (account, name)) WITHOUT ROWID;
    CREATE TABLE measure (
      key INTEGER PRIMARY KEY, value REAL, grade INTEGER, share REAL NOT NULL, points REAL NOT NULL,
      missing INTEGER NOT NULL);
    CREATE TABLE score_days (
      key INTEGER PRIMARY KEY, \(ScoreDays.columns.map { "\($0) INTEGER" }.joined(separator: ", ")));
    CREATE TABLE score_block (block INTEGER PRIMARY KEY);
    CREATE TABLE score_place (place INTEGER PRIMARY KEY);
    INSERT INTO score_place VALUES \((0..<ScoreDays.count).map { "(\($0))" }.joined(separator: ", "));
    CREATE TABLE score_mark (
      id INTEGER PRIMARY KEY, band INTEGER NOT NULL, config_version INTEGER NOT NULL, UNIQUE (band, config_version));
    CREATE TABLE change (
      seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, at_ms INTEGER NOT NULL, detected_ms INTEGER NOT NULL,
      kind INTEGER NOT NULL, subject TEXT, from_value, to_value, delta INTEGER, cause INTEGER NOT NULL,
      because TEXT);
    CREATE TABLE change_of (key INTEGER PRIMARY KEY);
    CREATE TABLE change_block (block INTEGER PRIMARY KEY);
    CREATE TABLE alert (
      seq INTEGER PRIMARY KEY, alert_id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, account INTEGER NOT NULL,
      episode INTEGER NOT NULL, state INTEGER NOT NULL, severity TEXT NOT NULL, playbook TEXT, at_ms INTEGER NOT NULL,
      detected_ms INTEGER NOT NULL, resolved_ms INTEGER, reason TEXT NOT NULL, resolution TEXT,
      score_from INTEGER, score_to INTEGER, band TEXT NOT NULL, coverage REAL NOT NULL, because TEXT,
      shadow INTEGER NOT NULL);
    CREATE INDEX alert_by_account ON alert (account);
    CREATE INDEX alert_firing ON alert (rule) WHERE state = 0;
    """

  /// Where lines come from, what was refused, and which hook runs are owed and put off. `delivery.seq` is the order of
  /// runs. A snooze is about whatever of rule, account and episode it names; it holds until it has been ended, so that
  /// what its end means is decided once.
  private static let flow = """
    CREATE TABLE source (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, watermark_ms INTEGER, lines INTEGER NOT NULL DEFAULT 0,
      events INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0, ignored INTEGER NOT NULL DEFAULT 0,
      undeduplicated INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE refusal (
      source INTEGER NOT NULL, reason INTEGER NOT NULL, lines INTEGER NOT NULL,
      PRIMARY KEY (source, reason)) WITHOUT ROWID;
    CREATE TABLE stream (
      source INTEGER NOT NULL, key TEXT NOT NULL, path BLOB, offset INTEGER NOT NULL, size INTEGER,
      finished INTEGER NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID;
    CREATE TABLE quarantined (
      seq INTEGER PRIMARY KEY, source INTEGER NOT NULL, path BLOB, offset INTEGER NOT NULL, reason INTEGER NOT NULL,
      seen_ms INTEGER NOT NULL, line BLOB NOT NULL, sample TEXT NOT NULL);
    CREATE TABLE delivery (
      seq INTEGER PRIMARY KEY, delivery_id TEXT NOT NULL UNIQUE, alert_id TEXT NOT NULL, account INTEGER NOT NULL,
      hook TEXT NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_ms INTEGER, exit_code INTEGER,
      output TEXT, payload TEXT NOT NULL);
    CREATE INDEX delivery_queue ON delivery (hook, account, seq) WHERE state < 3;
    CREATE TABLE snooze (
      id INTEGER PRIMARY KEY, rule TEXT, account INTEGER, alert_id TEXT, made_ms INTEGER NOT NULL,
      until_ms INTEGER NOT NULL, reason TEXT NOT NULL, made_by TEXT NOT NULL, ended_ms INTEGER);
    CREATE INDEX snooze_in_force ON snooze (until_ms) WHERE ended_ms IS NULL;
    """

  /// What is known of customers beside their usage. `action` is of a later issue: its view exists from the start, so that
  /// readers need not ask.
  private static let customers = """
    CREATE TABLE milestone (
      account INTEGER NOT NULL, milestone TEXT NOT NULL, reached_ms INTEGER, due_ms INTEGER, count INTEGER NOT NULL,
      PRIMARY KEY (account, milestone)) WITHOUT ROWID;
    CREATE TABLE contract (
      account INTEGER NOT NULL, product TEXT NOT NULL, state TEXT NOT NULL, mrr INTEGER, currency TEXT,
      started_ms INTEGER, term_end TEXT, reason TEXT, PRIMARY KEY (account, product)) WITHOUT ROWID;
    CREATE TABLE action (
      account INTEGER NOT NULL, action TEXT NOT NULL, playbook TEXT, state TEXT NOT NULL, by TEXT, opened_ms INTEGER,
      due_ms INTEGER, done_ms INTEGER, note TEXT, PRIMARY KEY (account, action)) WITHOUT ROWID;
    """

  /// The one row of what is true of the store as a whole (usage before `kept_hour` has expired; `due_ms` is the first deadline that the
  /// clock has left behind; `config_version` was registered last, and `scored_version` is what accounts were stored under, which is
  /// another one until the first commit of an engine under the new config), and where among the lines (of all sources, in the order they
  /// were applied) the clock moved without one: with the lines themselves, all that the rest is a function of.
  private static let state = """
    CREATE TABLE store_state (
      id INTEGER PRIMARY KEY CHECK (id = 1), now_ms INTEGER, now_hour INTEGER, schema_version INTEGER NOT NULL,
      config_version INTEGER NOT NULL, program_version TEXT NOT NULL, clean_stop INTEGER NOT NULL,
      kept_hour INTEGER NOT NULL, due_ms INTEGER, scored_version INTEGER NOT NULL);
    CREATE TABLE clock_advance (lines INTEGER PRIMARY KEY, to_ms INTEGER NOT NULL);
    """

  /// Statistics for the query planner, fixed and never measured: they make it start from the account where one is asked
  /// for and from the hours where none is, in an empty store and in a large one. `ANALYZE` on an empty table only
  /// makes `sqlite_stat1`.
  private static let plannerStatistics = """
    ANALYZE store_state;
    INSERT INTO sqlite_stat1 VALUES
      ('fact', 'fact', '4000000 2000 400 20 1 noskipscan'), ('tile', NULL, '2160'),
      ('amount', 'amount', '1000000 500 20 2 1 noskipscan'), ('property_name', 'sqlite_autoindex_property_name_1', '5 1'),
      ('account_name', 'account_by_name', '20000 1'), ('event_name', NULL, '60'), ('user_name', NULL, '1000000'),
      ('feature', 'sqlite_autoindex_feature_1', '100 1'),
      ('feature_event', 'feature_event', '300 3 1 noskipscan'), ('usage_window', NULL, '4'),
      ('store_state', NULL, '1'), ('account', NULL, '20000'), ('change', NULL, '200000'), ('change_of', NULL, '200000'),
      ('change_block', NULL, '4'), ('score_block', NULL, '200'),
      ('delivery', 'delivery_queue', '1000 200 2 1 noskipscan'),
      ('delivery', 'sqlite_autoindex_delivery_1', '200000 1'), ('alert', 'alert_by_account', '20000 3'), ('alert', 'sqlite_autoindex_alert_1', '20000 1'),
      ('measure', NULL, '80000'), ('score_days', NULL, '100000'), ('score_place', NULL, '8'),
      ('score_mark', 'sqlite_autoindex_score_mark_1', '20 4 1'), ('band_name', 'sqlite_autoindex_band_name_1', '5 1'),
      ('attribute', 'attribute', '60000 3 1 noskipscan'), ('source', 'sqlite_autoindex_source_1', '5 1'),
      ('stream', 'stream', '20 4 1 noskipscan'), ('refusal', 'refusal', '20 4 1 noskipscan'),
      ('current_measure', NULL, '10'), ('measure_name', 'sqlite_autoindex_measure_name_1', '20 1');
    """

  /// All of version 1.
  static let version1 = [usage, config, accounts, flow, customers, state, stalls, plannerStatistics].joined(
    separator: "\n")
}
