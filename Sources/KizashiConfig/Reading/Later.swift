/// The versions that will read what this one does not read yet.
///
/// A key that the specification knows and this version does not is refused by name, never ignored: a config that looks
/// active and is not would be worse than none.
enum Later: String {
  case customerSuccess = "the customer-success versions (0.3)"
  case playbooks = "the playbook and reporting versions (after 0.3)"
  case formats = "the versions that read more producers' formats (after 0.3)"
  case web = "the versions with dashboard and HTTP (after 0.3)"

  /// `"phases" is not supported yet: it comes with …`.
  func refusal(of name: String) -> String { "\(quoted(name)) is not supported yet: it comes with \(rawValue)" }
}
