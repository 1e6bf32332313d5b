import KizashiCore

extension CanonicalForm {
  /// A source with its place first.
  static func source(_ source: SourceConfiguration) -> YAMLText {
    var pairs: [(String, YAMLText)] = [("id", .text(source.id))]
    switch source.kind {
    case .file(let paths, let rotated):
      pairs += [("kind", .plain("file")), ("paths", .texts(paths)), ("rotated", .texts(rotated))]
    case .unix(let path, let mode, let users):
      let digits = String(mode, radix: 8)
      let octal = String(repeating: "0", count: 4 - digits.count) + digits
      pairs += [
        ("kind", .plain("unix")), ("path", .text(path)), ("mode", .plain("\"\(octal)\"")),
        ("allow_uids", .list(users.map { .plain(String($0)) })),
      ]
    }
    pairs += decode(source.decode)
    pairs += [
      ("allowed_lateness", .duration(source.allowedLatenessMilliseconds)),
      ("stall_after", .duration(source.stallAfterMilliseconds)),
      ("max_hold", .duration(source.maxHoldMilliseconds)), ("hooks", .texts(source.stallHooks)),
    ]
    return .mapping(pairs)
  }

  private static func decode(_ options: DecodeOptions) -> [(String, YAMLText)] {
    var pairs: [(String, YAMLText)] = []
    switch options.format {
    case .kizashi: pairs.append(("format", .plain("kizashi")))
    case .segment: pairs.append(("format", .plain("segment")))
    case .rudderstack: pairs.append(("format", .plain("rudderstack")))
    case .posthog(let group): pairs += [("format", .plain("posthog")), ("group_type", .text(group))]
    case .cloudevents(let user, let attribute):
      pairs += [("format", .plain("cloudevents")), ("user", .text(user))]
      if let attribute { pairs.append(("account_attribute", .text(attribute))) }
    case .custom(let mapping): pairs += [("format", .plain("custom")), ("mapping", .mapping(fields(mapping)))]
    }
    pairs += [
      ("account_arrays", .plain(options.eachAccount ? "each" : "first")),
      ("timestamp_missing", .plain(options.receiveTimeIfMissing ? "receive" : "refuse")),
    ]
    if let zone = options.naiveTimezone { pairs.append(("timezone", .text(zone.timezone))) }
    pairs.append(("remember_account", .plain("\(options.rememberAccount)")))
    return pairs
  }

  private static func fields(_ mapping: FieldMapping) -> [(String, YAMLText)] {
    let pointers = [
      ("unwrap", mapping.unwrap), ("properties", mapping.properties), ("traits", mapping.traits),
    ].compactMap { key, value in value.map { (key, YAMLText.text($0)) } }
    let fields = [
      ("type", mapping.type), ("timestamp", mapping.timestamp), ("account", mapping.account), ("event", mapping.event),
      ("user", mapping.user), ("id", mapping.id), ("count", mapping.count),
    ].compactMap { key, value in value.map { (key, field($0)) } }
    return pointers + fields
  }

  private static func field(_ source: FieldSource) -> YAMLText {
    switch source {
    case .pointers(let pointers): .texts(pointers)
    case .join(let pointers, let separator): .inline([("join", .texts(pointers)), ("separator", .text(separator))])
    case .split(let pointer, let separator, let index):
      .inline([("split", .text(pointer)), ("separator", .text(separator)), ("index", .number(index))])
    case .constant(let text): .inline([("constant", .text(text))])
    }
  }
}

extension Configuration {
  /// The config with every default written out, for people: `check --explain`.
  package func explained() -> String {
    """
    # What kizashi reads out of this config, with every default written out.
    # Values of env: are not shown.

    """ + CanonicalForm.text(of: self, withOffsets: false)
  }
}
