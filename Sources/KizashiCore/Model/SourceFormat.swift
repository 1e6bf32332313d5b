/// Where a field of an event is found in a line.
public enum FieldSource: Sendable, Equatable {
  /// JSON Pointers (RFC 6901): the first that is there and neither null nor "".
  case pointers([String])
  /// The texts at all these pointers joined with the separator; absent if any is.
  case join([String], separator: String)
  /// The `index`-th (from 0) piece of the text at the pointer, split at the separator.
  case split(pointer: String, separator: String, index: Int)
  case constant(String)
}

/// A `custom` mapping: per event field, where to find it. Nil: the field is not in this format.
public struct FieldMapping: Sendable, Equatable {
  /// A string or object that *is* the event (container and syslog forwarders wrap).
  public var unwrap: String?
  /// The line's `type`; nil: every line is `track`.
  public var type: FieldSource?
  /// When it happened.
  public var timestamp: FieldSource?
  /// The customer's account.
  public var account: FieldSource?
  /// The event name.
  public var event: FieldSource?
  /// The account's user.
  public var user: FieldSource?
  /// The dedup key.
  public var id: FieldSource?
  /// How many events the line stands for; nil: 1.
  public var count: FieldSource?
  /// Pointer to the object of properties.
  public var properties: String?
  /// Pointer to the object of traits.
  public var traits: String?
  /// A mapping that finds nothing yet.
  public init() {}
}

/// Which convention a source's lines follow.
public enum SourceFormat: Sendable, Equatable {
  case kizashi
  case segment
  case rudderstack
  case posthog(groupType: String)
  /// `user`: JSON Pointer to the user. `accountAttribute`: extension attribute used instead of `subject`.
  case cloudevents(user: String, accountAttribute: String?)
  case custom(FieldMapping)
}

/// How the lines of one source are read.
public struct DecodeOptions: Sendable, Equatable {
  /// The convention that says where an event's fields are.
  public var format: SourceFormat = .kizashi
  /// `timestamp_missing: receive`: a line without a timestamp happened when it was read.
  public var receiveTimeIfMissing = false
  /// `remember_account: true`: an event of a user without an account uses the account a `group` event gave the user.
  public var rememberAccount = false
  /// `timezone:`; lets times without an offset in. Nil: such times are `bad_timestamp`.
  public var naiveTimezone: BusinessCalendar?
  /// Account values that are arrays give one event per element (`each`); false: the first element counts.
  public var eachAccount = false
  /// kizashi's own format, nothing assumed where something is missing.
  public init() {}
}
