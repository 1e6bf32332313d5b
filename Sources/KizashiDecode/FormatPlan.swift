import CSimdjson
import KizashiCore

/// A source's format as the shim carries it out: switches, and where each field is found.
struct FormatPlan {
  var options: ks_options
  var fields: [(field: ks_field_name, source: FieldSource)] = []
  var unwrap: String?
  var groupType = ""
  var zone: BusinessCalendar?
  var wanted = WantedProperties()

  init(_ decode: DecodeOptions) {
    options = ks_options(
      dialect: ks_dialect_kizashi, receive_time_if_missing: decode.receiveTimeIfMissing,
      remember_account: decode.rememberAccount, each_account: decode.eachAccount, account_arrays: true,
      any_number_user: false, nan_is_null: true, array_envelope: false, batch_envelope: false)
    zone = decode.naiveTimezone
    switch decode.format {
    case .kizashi:
      options.account_arrays = false
      options.nan_is_null = false
    case .segment:
      planSegment(traits: ["/traits"])
    case .rudderstack:
      planSegment(traits: ["/context/traits", "/traits"])
    case .posthog(let groupType):
      planPosthog(groupType: groupType)
    case .cloudevents(let user, let accountAttribute):
      planCloudEvents(user: user, accountAttribute: accountAttribute)
    case .custom(let mapping):
      planCustom(mapping)
    }
  }

  private mutating func locate(_ field: ks_field_name, _ pointers: String...) {
    fields.append((field, .pointers(pointers)))
  }

  private mutating func planSegment(traits: [String]) {
    options.dialect = ks_dialect_segment
    options.batch_envelope = true
    locate(ks_field_type, "/type")
    locate(ks_field_id, "/messageId")
    locate(ks_field_timestamp, "/timestamp", "/originalTimestamp")
    locate(ks_field_account, "/context/groupId", "/groupId", "/properties/groupId")
    locate(ks_field_user, "/userId", "/anonymousId")
    locate(ks_field_event, "/event")
    locate(ks_field_properties, "/properties")
    fields.append((ks_field_traits, .pointers(traits)))
    locate(ks_field_group_account, "/groupId")
    locate(ks_field_group_traits, "/traits")
  }

  private mutating func planPosthog(groupType: String) {
    options.dialect = ks_dialect_posthog
    options.batch_envelope = true
    options.array_envelope = true
    options.any_number_user = true
    self.groupType = groupType
    let token = groupType.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
      .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    locate(ks_field_id, "/uuid")
    locate(ks_field_timestamp, "/timestamp")
    locate(ks_field_account, "/properties/$groups/\(token)")
    locate(ks_field_user, "/distinct_id", "/properties/distinct_id")
    locate(ks_field_event, "/event")
    locate(ks_field_properties, "/properties")
    locate(ks_field_traits, "/properties/$set", "/$set")
    locate(ks_field_group_type, "/properties/$group_type")
    locate(ks_field_group_account, "/properties/$group_key")
    locate(ks_field_group_traits, "/properties/$group_set")
  }

  private mutating func planCloudEvents(user: String, accountAttribute: String?) {
    options.dialect = ks_dialect_mapped
    options.array_envelope = true
    options.receive_time_if_missing = true
    // A source and an id name an event only together. The separator is no character of either.
    fields.append((ks_field_id, .join(["/source", "/id"], separator: "\u{1F}")))
    locate(ks_field_timestamp, "/time")
    locate(ks_field_account, accountAttribute.map { "/\($0)" } ?? "/subject")
    locate(ks_field_user, user)
    locate(ks_field_event, "/type")
    locate(ks_field_properties, "/data")
  }

  private mutating func planCustom(_ mapping: FieldMapping) {
    options.dialect = ks_dialect_mapped
    unwrap = mapping.unwrap
    let sources: [(ks_field_name, FieldSource?)] = [
      (ks_field_type, mapping.type), (ks_field_timestamp, mapping.timestamp), (ks_field_account, mapping.account),
      (ks_field_event, mapping.event), (ks_field_user, mapping.user), (ks_field_id, mapping.id),
      (ks_field_count, mapping.count), (ks_field_properties, mapping.properties.map { .pointers([$0]) }),
      (ks_field_traits, mapping.traits.map { .pointers([$0]) }),
    ]
    fields = sources.compactMap { field, source in source.map { (field, $0) } }
  }

  /// A shim decoder that follows the plan; the caller destroys it.
  func makeDecoder() -> OpaquePointer {
    guard let decoder = ks_decoder_create(options) else { preconditionFailure("no memory for a decoder") }
    for (field, source) in fields {
      switch source {
      case .pointers(let pointers):
        map(decoder, field, ks_source_pointers, pointers: pointers)
      case .join(let pointers, let separator):
        map(decoder, field, ks_source_join, text: separator, pointers: pointers)
      case .split(let pointer, let separator, let index):
        map(decoder, field, ks_source_split, text: separator, index: index, pointers: [pointer])
      case .constant(let text):
        map(decoder, field, ks_source_constant, text: text, pointers: [])
      }
    }
    if let unwrap { withCharacters(unwrap) { ks_decoder_unwrap(decoder, $0.baseAddress, $0.count) } }
    withCharacters(groupType) { ks_decoder_group_type(decoder, $0.baseAddress, $0.count) }
    for filter in wanted.filters {
      withCharacters(filter.property) { property in
        withCharacters(filter.value) { value in
          ks_decoder_filter(decoder, property.baseAddress, property.count, value.baseAddress, value.count)
        }
      }
    }
    for property in wanted.summed {
      withCharacters(property) { ks_decoder_sum(decoder, $0.baseAddress, $0.count) }
    }
    for transition in zone?.transitions ?? [] {
      ks_decoder_add_transition(decoder, transition.since, transition.offset)
    }
    return decoder
  }

  private func map(
    _ decoder: OpaquePointer, _ field: ks_field_name, _ kind: ks_source_kind, text: String = "", index: Int = 0,
    pointers: [String]
  ) {
    withCharacters(text) { ks_decoder_map(decoder, field, kind, $0.baseAddress, $0.count, max(0, index)) }
    for pointer in pointers {
      withCharacters(pointer) { ks_decoder_map_pointer(decoder, field, $0.baseAddress, $0.count) }
    }
  }

  private func withCharacters(_ text: String, _ body: (UnsafeBufferPointer<CChar>) -> Void) {
    var text = text
    text.withUTF8 { $0.withMemoryRebound(to: CChar.self, body) }
  }
}
