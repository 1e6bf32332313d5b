/// The words of the sample: what customers are called and what their users do.
enum Vocabulary {
  /// What a user does, the most popular first.
  static let eventNames: [StaticString] = [
    "page.viewed", "dashboard.viewed", "record.viewed", "search.performed", "record.updated", "report.viewed",
    "record.created", "comment.created", "filter.applied", "file.viewed", "task.completed", "notification.opened",
    "session.started", "list.sorted", "task.created", "report.created", "file.uploaded", "mention.created",
    "api.read", "export.downloaded", "report.exported", "view.saved", "tag.added", "record.deleted",
    "api.write", "message.sent", "chart.edited", "task.assigned", "calendar.viewed", "link.shared",
    "file.downloaded", "import.started", "import.finished", "template.used", "dashboard.created", "record.merged",
    "bulk.edited", "form.submitted", "approval.requested", "approval.given", "automation.run", "api.webhook",
    "integration.synced", "form.created", "template.created", "automation.created", "alert.created", "goal.updated",
    "report.scheduled", "dashboard.shared", "user.invited", "role.changed", "integration.connected", "invoice.viewed",
    "plan.viewed", "settings.changed", "help.searched", "error.shown", "sync.failed", "job.failed",
  ]

  /// What users of an account in trouble run into; each is one of ``eventNames``.
  static let failures = [57, 58, 59]

  /// How often an event name occurs beside the others. Mild, so that small accounts use many features too.
  static func popularity(rank: Int) -> Int { 1_000_000 / (rank + 14) }

  static let slugs: [StaticString] = [
    "acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "wonka", "tyrell", "cyberdyne", "aperture",
    "oscorp", "soylent", "vandelay", "pendant", "duff", "gringotts", "monarch", "nakatomi", "northwind", "contoso",
    "fabrikam", "sakura", "hikari", "aozora", "kaede", "tsubame", "minato", "alpine", "bluebird", "cedar", "delta",
    "ember", "fjord", "granite", "harbor", "indigo", "juniper", "kestrel", "lumen", "meridian", "nimbus", "orchid",
    "pioneer", "quartz", "raven", "summit", "tundra",
  ]

  static let plans: [StaticString] = ["starter", "team", "business", "enterprise"]
  static let clients: [StaticString] = ["web", "web", "web", "desktop", "ios", "android", "api", "web"]
  static let regions: [StaticString] = ["ap-northeast", "eu-central", "us-east"]
  static let managers: [StaticString] = ["sato", "tanaka", "suzuki", "ito", "meyer", "rossi", "novak", "garcia"]
  static let notes: [StaticString] = [
    "quarterly review", "asked for a discount", "champion is happy", "waits for a missing feature", "new manager",
  ]
}

/// Short texts in slots of one size, so that writing one is a copy of constant length.
struct TextTable: Sendable {
  /// Bytes of a slot; no text is longer.
  static let slot = 32
  private(set) var bytes: [UInt8] = []
  private(set) var lengths: [Int] = []

  init(_ texts: [StaticString]) {
    for text in texts {
      precondition(text.utf8CodeUnitCount <= TextTable.slot, "a text of the sample does not fit its slot")
      bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
      bytes.append(contentsOf: repeatElement(0, count: TextTable.slot - text.utf8CodeUnitCount))
      lengths.append(text.utf8CodeUnitCount)
    }
  }
}
