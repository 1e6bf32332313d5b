import KizashiCore
import KizashiDecode

/// What a line of each kind of poison costs the decoder, in each format, once it has read a line as long.
enum PoisonCosts {
  private static let formats: [(name: String, format: SourceFormat)] = [
    ("kizashi", .kizashi), ("segment", .segment), ("rudderstack", .rudderstack),
    ("posthog", .posthog(groupType: "company")),
    ("cloudevents", .cloudevents(user: "/data/user", accountAttribute: nil)),
    ("custom", custom),
  ]

  private static let custom: SourceFormat = {
    var mapping = FieldMapping()
    mapping.timestamp = .pointers(["/timestamp"])
    mapping.account = .pointers(["/account"])
    mapping.event = .pointers(["/event"])
    mapping.properties = "/properties"
    return .custom(mapping)
  }()

  /// Prints the dearest kinds, or all of them.
  static func report(_ repetitions: Int, all: Bool) {
    var costs: [(name: String, first: Double, median: Double)] = []
    for poison in Poison.all {
      let known = formats.contains { $0.format == poison.format }
      for (name, format) in known ? formats : formats + [("its own", poison.format)] {
        let (first, median) = cost(poison.line, format, repetitions)
        costs.append(("\(poison.name) (\(name))", first, median))
      }
    }
    costs.sort { $0.median > $1.median }
    let over = costs.count { $0.median > 1e-3 }
    print(
      "poison, worst of \(Poison.all.count) kinds in \(formats.count) formats: \(micro(costs[0].median)) µs, "
        + "\(costs[0].name); over 1 ms: \(over) of \(costs.count)")
    for cost in all ? costs[...] : costs.prefix(5) {
      print("  \(micro(cost.median)) µs (a decoder's first line: \(micro(cost.first)) µs)  \(cost.name)")
    }
  }

  /// Seconds of the first line, which the decoder finds memory for, and the median of those behind it.
  private static func cost(_ line: [UInt8], _ format: SourceFormat, _ repetitions: Int) -> (Double, Double) {
    var options = DecodeOptions()
    options.format = format
    let decoder = LineDecoder(options: options)
    var batch = EventBatch()
    let seconds = (0...max(3, repetitions)).map { _ in
      line.withUnsafeBytes { bytes in
        Stages.timed {
          decoder.decode(bytes, atStreamStart: true, receivedAt: Instant(milliseconds: 0), into: &batch)
        }
      }
    }
    let later = seconds.dropFirst().sorted()
    return (seconds[0], later[later.count / 2])
  }

  private static func micro(_ seconds: Double) -> Int { Int(seconds * 1e6 + 0.5) }
}
