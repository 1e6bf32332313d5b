import KizashiCore

/// A JSON scalar as two columns: what it is, and its text as people read it.
struct StoredScalar {
  var type: Int64
  var text: String?

  init(_ scalar: Scalar) {
    switch scalar {
    case .null: (type, text) = (0, nil)
    case .bool(let value): (type, text) = (1, value ? "true" : "false")
    case .number(let value): (type, text) = (2, value)
    case .string(let value): (type, text) = (3, value)
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
