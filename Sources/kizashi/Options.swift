import ArgumentParser
import KizashiCore
import KizashiStore

/// Which config and store a verb works on.
struct StoreOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("The config file. (default: /etc/kizashi/kizashi.yaml)", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(
    name: .long, help: ArgumentHelp("The store, instead of the config's store.path.", valueName: "file"),
    completion: .file(extensions: ["db"]))
  var db: String?
}

/// How a listing is printed.
struct FormatOptions: ParsableArguments {
  @Option(name: .long, help: "The shape of the output.")
  var format: OutputFormat = .table
}

/// How many rows a listing has.
struct LimitOptions: ParsableArguments {
  // Unconditional, so that a negative number is refused as one and not taken for an option.
  @Option(
    name: .long, parsing: .unconditional, help: ArgumentHelp("At most so many rows; 0: all.", valueName: "n"))
  var limit = 50

  func validate() throws {
    guard limit >= 0 else { throw ValidationError("--limit needs a number from 0 up, found \(limit).") }
  }

  /// Nil: all.
  var rows: Int? { limit == 0 ? nil : limit }
}

/// A length of time as the config writes it: `90s 30m 12h 7d`.
struct LengthArgument: ExpressibleByArgument, Sendable, Equatable {
  var milliseconds: Int64

  init(milliseconds: Int64) { self.milliseconds = milliseconds }

  private static let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]

  /// As it would be typed, in the largest unit it is whole in: what `--help` gives as the default.
  var defaultValueDescription: String {
    let unit = Self.units.filter { milliseconds % $0.value == 0 }.max { $0.value < $1.value }
    return unit.map { "\(milliseconds / $0.value)\($0.key)" } ?? "\(milliseconds)ms"
  }

  init?(argument: String) {
    guard let unit = argument.last.flatMap({ Self.units[$0] }), let number = Int64(argument.dropLast()),
      number >= 0, number <= 100_000_000
    else { return nil }
    milliseconds = number * unit
  }

  /// Whole hours, at least 1; nil for anything else.
  var hours: Int? {
    milliseconds >= Tile.length && milliseconds % Tile.length == 0 ? Int(milliseconds / Tile.length) : nil
  }
}

/// A moment: a length of time before now (`7d`), a day (`2026-11-19`, from its start in the business time zone), or
/// RFC 3339 with an offset (`2026-11-19T12:00:00+09:00`).
struct MomentArgument: ExpressibleByArgument, Sendable, Equatable {
  private enum Kind: Equatable {
    case before(LengthArgument)
    case day(LocalDay)
    case instant(Instant)
  }
  private var kind: Kind

  init?(argument: String) {
    if let length = LengthArgument(argument: argument) {
      kind = .before(length)
    } else if argument.utf8.count == 10, let start = InstantText.instant(argument + "T00:00:00Z") {
      kind = .day(LocalDay(number: Int32(clamping: floorDivide(start.milliseconds, 86_400_000))))
    } else if let instant = Self.instant(argument) {
      kind = .instant(instant)
    } else {
      return nil
    }
  }

  /// The instant meant, seen from `now` in a calendar.
  func instant(now: Instant, calendar: BusinessCalendar) -> Instant {
    switch kind {
    case .before(let length): now.advanced(by: -length.milliseconds)
    case .day(let day): calendar.firstTile(of: day).start
    case .instant(let instant): instant
    }
  }

  /// The instant, where the text needed neither a clock nor a calendar.
  var absolute: Instant? { if case .instant(let instant) = kind { instant } else { nil } }

  /// Whether it is seen from now.
  var isLength: Bool { if case .before = kind { true } else { false } }

  private static func instant(_ text: String) -> Instant? {
    if let instant = InstantText.instant(text) { return instant }
    let bytes = Array(text.utf8)
    guard bytes.count > 6, let local = InstantText.instant(text.dropLast(6) + "Z") else { return nil }
    let offset = Array(text.suffix(6))
    guard offset[0] == "+" || offset[0] == "-", offset[3] == ":", let hours = Int64(String(offset[1...2])),
      let minutes = Int64(String(offset[4...5])), hours < 24, minutes < 60, !offset[1...2].contains("-"),
      !offset[1...2].contains("+"), !offset[4...5].contains("-"), !offset[4...5].contains("+")
    else { return nil }
    return local.advanced(by: (hours * 60 + minutes) * 60_000 * (offset[0] == "+" ? -1 : 1))
  }
}
