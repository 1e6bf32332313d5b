import KizashiCore

/// Numbers, lengths of time and causes in plain words.
enum Wording {
  /// 1234567 → `1,234,567`.
  static func grouped(_ number: Int64) -> String { PlainWords.grouped(number) }

  /// An amount in minor units of a currency: `1,188 EUR`, `9.50 EUR`, `4,800 JPY`. Without a currency its units are not known.
  static func money(_ minor: Int64, _ currency: String?) -> String {
    guard let currency else { return grouped(minor) }
    // ISO 4217: the currencies whose minor unit is not a hundredth.
    let whole = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(separator: " ")
    let thousandths = "BHD IQD JOD KWD LYD OMR TND".split(separator: " ")
    let code = currency.uppercased()
    let digits = whole.contains { $0 == code } ? 0 : thousandths.contains { $0 == code } ? 3 : 2
    let scale = (0..<digits).reduce(UInt64(1)) { scale, _ in scale * 10 }
    let (amount, rest) = minor.magnitude.quotientAndRemainder(dividingBy: scale)
    let fraction = String(rest)
    let text = grouped(Int64(clamping: amount))
    let tail = rest == 0 ? "" : ".\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    return "\(minor < 0 ? "−" : "")\(text)\(tail) \(currency)"
  }

  /// With exactly `digits` digits after the point and a real minus sign: `−12.40`.
  static func fixed(_ number: Double, digits: Int = 2) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let units = (number.magnitude * scale).rounded()
    guard units < 1e15 else { return "\(number)" }
    let whole = Int64(units) / Int64(scale)
    let sign = number < 0 && units > 0 ? "−" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(Int64(units) % Int64(scale))
    return "\(sign)\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }

  /// Up to `digits` digits after the point: `0.38`, `12`.
  static func short(_ number: Double, digits: Int = 2) -> String {
    var text = fixed(number, digits: digits)
    guard text.contains(".") else { return text }
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// With its sign: `+3.5`, `−12.4`, `±0`.
  static func signed(_ number: Double, digits: Int = 2) -> String {
    let text = short(number, digits: digits)
    return text == "0" ? "±0" : (number > 0 ? "+" : "") + text
  }

  /// With its sign and exactly two digits, for columns.
  static func signedFixed(_ number: Double) -> String {
    let text = fixed(number)
    return text == "0.00" ? "±0.00" : (number > 0 ? "+" : "") + text
  }

  /// A share of one as a percentage: 0.654 → `65 %`.
  static func percent(_ share: Double) -> String { "\(fixed(share * 100, digits: 0)) %" }

  /// The arrow of a change.
  static func arrow(_ delta: Double) -> String { delta > 0 ? "↑" : delta < 0 ? "↓" : "→" }

  /// A length of time in its largest unit, cut off: `3 d`, `5 h`, `12 min`, `40 s`.
  static func length(milliseconds: Int64) -> String {
    let seconds = milliseconds.magnitude / 1000
    return switch seconds {
    case 172_800...: "\(grouped(Int64(seconds / 86_400))) d"
    case 7200...: "\(seconds / 3600) h"
    case 120...: "\(seconds / 60) min"
    default: "\(seconds) s"
    }
  }

  /// How long ago, or in how long: `3 d ago`, `in 5 h`, `just now`.
  static func ago(_ instant: Instant, now: Instant) -> String {
    let age = now.milliseconds - instant.milliseconds
    if abs(age) < 1000 { return "just now" }
    return age > 0 ? "\(length(milliseconds: age)) ago" : "in \(length(milliseconds: age))"
  }

  /// A window of whole hours as the config writes it: `24h`, `28d`.
  static func window(hours: Int) -> String { PlainWords.window(hours: hours) }

  /// Bytes in binary units: `448.0 MiB`.
  static func bytes(_ count: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : "\(fixed(value, digits: 1)) \(units[unit])"
  }

  /// `1 high`; `3, worst high`, because `3 high` would say that all three are.
  static func alerts(_ number: Int, worst: String) -> String {
    number == 1 ? "1 \(worst)" : "\(grouped(Int64(number))), worst \(worst)"
  }

  /// `1 event`, `2 events`.
  static func counted(_ number: Int64, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}
