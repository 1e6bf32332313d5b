import KizashiCore

/// A config as the store must know it, to keep what refers to it readable.
package struct ConfigRegistration: Sendable {
  /// The canonical text, and a hash of it: the same hash as the last version's is the same version.
  package var text: String
  package var hash: String
  /// What the text means.
  package var model: Model
  /// The windows of the standard metrics by the text the config gives them.
  package var windows: [UsageWindow]
  /// The wall clock when it was loaded.
  package var madeAt: Instant

  /// A config about to be used.
  package init(text: String, hash: String, model: Model, windows: [UsageWindow], madeAt: Instant) {
    self.text = text
    self.hash = hash
    self.model = model
    self.windows = windows
    self.madeAt = madeAt
  }
}

/// What the numbers in a commit of one config version stand for.
struct ConfigMapping {
  /// The store-wide number of each of the model's measures.
  var measures: [Int64]
  /// The mark of each of the model's bands and, last, of `unknown`: see ``ScoreDays``.
  var marks: [Int64]
  /// The store-wide number of each of the properties that the model adds up.
  var properties: [Int64]
  var rules: [Rule]
  /// Names of the model's milestones.
  var milestones: [String]
  var calendar: BusinessCalendar
  /// How long usage is kept; nil: for good.
  var retentionMilliseconds: Int64?
}
