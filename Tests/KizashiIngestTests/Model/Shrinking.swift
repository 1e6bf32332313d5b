/// Cuts a list that fails down to what makes it fail: delta debugging (Zeller and Hildebrandt 2002), then simpler elements.
///
/// `fails` is asked at most `limit` times. The result fails, and (if the limit was not reached) no element can be left out of it.
func shrink<Element>(
  _ list: [Element], limit: Int = 3_000, simpler: (Element) -> [Element] = { _ in [] },
  while fails: ([Element]) async throws -> Bool
) async rethrows -> [Element] {
  var list = list
  var asked = 0
  func stillFails(_ candidate: [Element]) async throws -> Bool {
    asked += 1
    return try await fails(candidate)
  }
  var changed = true
  while changed && asked < limit {
    changed = false
    var length = max(1, list.count / 2)
    while length >= 1 {
      var start = 0
      while start < list.count && asked < limit {
        var candidate = list
        candidate.removeSubrange(start..<min(start + length, list.count))
        if try await stillFails(candidate) {
          list = candidate
          changed = true
        } else {
          start += length
        }
      }
      length = length == 1 ? 0 : length / 2
    }
    for index in list.indices {
      for element in simpler(list[index]) where asked < limit {
        var candidate = list
        candidate[index] = element
        if try await stillFails(candidate) {
          list = candidate
          changed = true
          break
        }
      }
    }
  }
  return list
}
