import Testing

@Suite struct `A rule in shadow` {
  private static func config(_ more: String) -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, clear: 0, hooks: [note]\(more)}
      quiet: {kind: silence, feature: any, after: 30h, hooks: [note]}
    hooks: {note: {run: [/bin/true]}}
    """
  }
  private let hour: Int64 = 3_600_000

  @Test func `moves no number and tells nobody`() throws {
    var dumps: [[String]] = []
    var told: [[[String]]] = []
    for more in ["", ", shadow: true"] {
      let bench = try AlertBench(Self.config(more))
      try bench.events(3)
      var ran = try bench.runHooks()
      try bench.pass(40 * hour)
      ran += try bench.runHooks()
      dumps.append(try CanonicalDump.of(bench.place))
      told.append(ran)
      #expect(try bench.rows("SELECT DISTINCT shadow FROM alerts WHERE rule = 'busy'") == [[more.isEmpty ? "0" : "1"]])
      #expect(try bench.rows("SELECT DISTINCT shadow FROM alerts WHERE rule = 'quiet'") == [["0"]])
    }
    #expect(dumps[0] == dumps[1])
    #expect(told[0] == [["busy:acme:1:firing:note"], ["busy:acme:1:resolved:note"], ["quiet:acme:1:firing:note"]])
    #expect(told[1] == [["quiet:acme:1:firing:note"]])
  }

  @Test func `that comes into the light with an episode open says nothing of its end, and rebases nothing`() throws {
    let bench = try AlertBench(Self.config(", shadow: true"))
    try bench.events(3)
    try bench.restart(Self.config(""))
    try bench.pass(25 * hour)
    #expect(try bench.rows("SELECT rule, state FROM alerts") == [["busy", "resolved"]])
    #expect(try bench.rows("SELECT * FROM deliveries").isEmpty)
    #expect(try bench.rows("SELECT count(*) FROM config_version") == [["1"]])
    try bench.events(3)
    #expect(try bench.runHooks() == [["busy:acme:2:firing:note"]])
  }
}
