/// How an account's use goes over the days of the sample.
public enum SampleProfile: UInt8, Sendable, CaseIterable {
  /// The same all the time.
  case steady = 0
  /// Like ``steady``, on working days between 8 and 20 o'clock only.
  case weekdayOnly
  /// Much around the end of each month, little between.
  case monthly
  /// More every day.
  case growing
  /// Less every day, from some day on.
  case declining
  /// Less and less, then nothing any more.
  case churning
  /// From one day to the next nothing any more.
  case silent
  /// A new customer: nothing at first, then more and more for two weeks.
  case newcomer
  /// Nothing for 25 days, then as before.
  case returning

  /// Out of 1,000 accounts.
  var share: Int {
    switch self {
    case .steady: 400
    case .weekdayOnly: 120
    case .monthly: 40
    case .growing: 140
    case .declining: 90
    case .churning: 60
    case .silent: 50
    case .newcomer: 60
    case .returning: 40
    }
  }

  /// How many variants there are, differing in when or how much.
  var variants: Int {
    switch self {
    case .steady, .weekdayOnly, .monthly: 1
    default: 8
    }
  }
}

/// One profile in one variant over the days of a sample.
struct Shape: Sendable {
  var profile: SampleProfile
  var variant: Int

  /// Every shape there is, in a fixed order.
  static let all: [Shape] = SampleProfile.allCases.flatMap { profile in
    (0..<profile.variants).map { Shape(profile: profile, variant: $0) }
  }

  /// The first day without use, for the profiles that stop; nil for the others.
  func stopDay(of days: Int) -> Int? {
    switch profile {
    case .churning, .silent: max(1, days * (6 + variant) / 14)
    default: nil
    }
  }

  /// The first day with use.
  func startDay(of days: Int) -> Int { profile == .newcomer ? days * (1 + variant) / 14 : 0 }

  /// Use on a day, 0…1024. `date` is the day's number in the calendar month and the month's length.
  func level(day: Int, of days: Int, date: (day: Int, length: Int)) -> Int {
    switch profile {
    case .steady, .weekdayOnly: return 700
    case .monthly: return date.day <= 2 || date.day > date.length - 3 ? 1024 : 220
    case .growing:
      let first = 160 + variant * 60
      return first + (1024 - first) * day / max(1, days - 1)
    case .declining:
      let from = days * (2 + variant) / 14
      return day < from ? 900 : 900 - 740 * (day - from) / max(1, days - 1 - from)
    case .churning:
      let stop = stopDay(of: days) ?? days
      let slope = max(1, days / 5)
      return day >= stop ? 0 : min(850, 850 * (stop - day) / slope)
    case .silent: return day >= (stopDay(of: days) ?? days) ? 0 : 800
    case .newcomer: return day < startDay(of: days) ? 0 : min(800, 60 * (day - startDay(of: days) + 1))
    case .returning:
      let from = days * (2 + variant) / 14
      return day >= from && day < from + 25 ? 0 : 700
    }
  }
}

/// When in the week an account works: a place on earth and a habit.
enum Pattern {
  /// Hours ahead of UTC, by region; see ``Vocabulary/regions``. Without daylight saving.
  static let utcOffsets = [9, 1, -5]
  /// How many patterns there are: each region with office hours, working days only, and machines.
  static let count = 9
  static let office = 0
  static let workingDays = 1
  static let machines = 2

  private static let curve = [
    14, 8, 6, 6, 8, 20, 60, 180, 480, 880, 1000, 960, 700, 860, 1024, 980, 900, 760, 480, 300, 220, 150, 80, 30,
  ]

  static func number(region: Int, habit: Int) -> Int { region * 3 + habit }

  /// Use in an hour, 0…1024. `utcHour` counts from 1970-01-01T00Z.
  static func level(_ pattern: Int, utcHour: Int) -> Int {
    let local = utcHour + utcOffsets[pattern / 3]
    let hour = ((local % 24) + 24) % 24
    // 1970-01-01 was a Thursday.
    let weekday = ((((local - hour) / 24 + 4) % 7) + 7) % 7
    let weekend = weekday == 0 || weekday == 6
    switch pattern % 3 {
    case office: return weekend ? curve[hour] / 7 : curve[hour]
    case workingDays: return weekend || hour < 8 || hour >= 20 ? 0 : curve[hour]
    default: return 420 + curve[hour] / 8
    }
  }
}
