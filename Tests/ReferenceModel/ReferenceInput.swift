import KizashiCore

/// One line, as the decoder understood it.
package struct ReferenceEvent: Sendable {
  /// What the line is.
  package enum Kind: Sendable, Equatable {
    /// `track` with a name that is not reserved.
    case usage
    case group
    /// `track` with a reserved name (`survey.responded`, `contract.started` …).
    case reserved
    case identify
    case heartbeat
  }
  /// Index of the configured source.
  package var source: Int
  package var kind: Kind
  /// When it happened, milliseconds since the epoch.
  package var at: Int64
  package var account: String?
  package var user: String?
  /// Empty for `group`, `identify` and `heartbeat`.
  package var event: String
  package var id: String?
  /// How many events the line stands for, ≥ 1.
  package var count: Int64
  /// Traits or properties.
  package var fields: [(name: String, value: Scalar)]
  /// The latest instant the line may carry when it is read.
  package var latestAcceptable: Int64
  /// Which of the model's filters its properties match; the model fills it in.
  var matched: [PropertyFilter] = []

  /// A line of the log.
  package init(
    source: Int = 0, kind: Kind = .usage, at: Int64, account: String?, user: String? = nil, event: String = "",
    id: String? = nil, count: Int64 = 1, fields: [(name: String, value: Scalar)] = [], latestAcceptable: Int64 = .max
  ) {
    self.source = source
    self.kind = kind
    self.at = at
    self.account = account
    self.user = user
    self.event = event
    self.id = id
    self.count = count
    self.fields = fields
    self.latestAcceptable = latestAcceptable
  }

  /// Whether the properties are what a filter asks for: a text its characters, a number its value, true and false by name.
  package func matches(_ filter: PropertyFilter) -> Bool {
    switch field(filter.property) {
    case .string(let text)?: text == filter.value
    case .bool(let value)?: "\(value)" == filter.value
    case .number(let text)?: Rational(decimal: text).map { $0 == Rational(decimal: filter.value) } ?? false
    case .null?, nil: false
    }
  }

  /// The name it is kept under.
  var variant: EventVariant { EventVariant(event: event, filters: matched) }

  /// The UTC hour that holds the event.
  var hour: Int64 { floorDivide(at, hourLength) }

  /// What `duplicate` compares: everything but the properties.
  func sameContent(as other: ReferenceEvent) -> Bool {
    typeName == other.typeName && account == other.account && user == other.user && event == other.event
      && at == other.at && count == other.count
  }

  private var typeName: String {
    switch kind {
    case .usage, .reserved: "track"
    case .group: "group"
    case .identify: "identify"
    case .heartbeat: "heartbeat"
    }
  }

  /// The value of a field, nil where the line does not have it.
  func field(_ name: String) -> Scalar? { fields.last { $0.name == name }?.value }
}

/// What the model is fed, in log order.
package enum ReferenceInput: Sendable {
  case event(ReferenceEvent)
  /// The wall clock: fires deadlines up to `to`, one by one; the clock becomes the last one's instant.
  ///
  /// Which instants are deadlines is left to an engine as long as nothing changes at the superfluous ones, so the clock
  /// afterwards is too: `clock` tells the model where the engine's stands (nil: at the last instant that changed
  /// anything).
  case advance(to: Int64, clock: Int64? = nil)
  /// `replay --until`: fires deadlines up to `at`, then the clock is `at`.
  case settle(at: Int64)
  /// A source is found to be stalled; `from`: from when on its `max_hold` counts, if the clock is not later.
  case stall(source: Int, at: Int64, from: Int64)
  /// A source has not been read since the start, and another one is about to be.
  case waitFor(source: Int, at: Int64, from: Int64)
  /// A source delivers again, or will never more.
  case endStall(source: Int, at: Int64)
}

/// Milliseconds in an hour.
let hourLength: Int64 = 3_600_000
