import KizashiCore

/// A JSON scalar as two columns: what it is, and its text as people read it.
struct StoredScalar {
  var type: Int64
  var text: String?

  init(_ scalar: Scalar) {
    text = scalar.shown
    switch scalar {
    case .null: type = 0
    case .bool: type = 1
    case .number: type = 2
    case .string: type = 3
    }
  }

  init(type: Int64, text: String?) {
    self.type = type
    self.text = text
  }

  /// Nil where the columns hold no scalar.
  var scalar: Scalar? {
    switch (type, text) {
    case (0, _): .null
    case (1, "true"): .bool(true)
    case (1, "false"): .bool(false)
    case (2, let text?): .number(text)
    case (3, let text?): .string(text)
    default: nil
    }
  }
}
