import Foundation
import KizashiCore

extension Reading {
  /// `hooks:`, in config order; fills `hookNames`.
  func hooks(_ cursor: Cursor?) -> [HookConfiguration] {
    guard let section = cursor?.section(.hooks, "a mapping of hook names") else { return [] }
    var result: [HookConfiguration] = []
    for (name, key, value) in section.names {
      let isName = key.isName(name, of: "hook", inIds: true)
      hookNames.append(name)
      if let hook = self.hook(name, value), isName { result.append(hook) }
    }
    return result
  }

  private func hook(_ name: String, _ cursor: Cursor) -> HookConfiguration? {
    guard let section = cursor.section(.hook, "{run: [/path/of/program]}") else { return nil }
    let run = section.required("run", "the program and its arguments, such as [/etc/kizashi/hooks/notify.sh]")
      .flatMap { self.run($0) }
    var hook = HookConfiguration(name: name, run: run ?? [])
    if let value = section["timeout"]?.duration("a duration", in: Milliseconds.second...Milliseconds.hour) {
      hook.timeoutMilliseconds = value
    }
    if let value = section["retries"]?.integer("a whole number 0–100", in: 0...100) { hook.retries = value }
    if let value = section["concurrency"]?.integer("a whole number 1–64", in: 1...64) { hook.concurrency = value }
    if let place = section["env"] { hook.env = self.env(place) }
    if let place = section["retry_on"] { hook.retryOn = exitCodes(place) }
    if let value = section["group_wait"]?.duration("a duration", in: 0...Milliseconds.hour) {
      hook.groupWaitMilliseconds = value
    }
    if let value = section["max_per_hour"]?.integer("a whole number 1–1000000", in: 1...1_000_000) {
      hook.maxPerHour = value
    }
    if let place = section["quiet_hours"] { hook.quietHours = quietHours(place) }
    if let place = section["digest"] { hook.digest = digest(place) }
    return run == nil ? nil : hook
  }

  private func run(_ cursor: Cursor) -> [String]? {
    let what = "a list: the program's absolute path and its arguments"
    if case .scalar = cursor.node.value {
      cursor.failExpecting(what, hint: "write [/path/of/program, argument]; no shell reads it")
      return nil
    }
    guard let items = cursor.items(what) else { return nil }
    guard let program = items.first else {
      cursor.failExpecting(what)
      return nil
    }
    var arguments: [String] = []
    for item in items {
      guard case .scalar(let text) = item.node.value, !text.contains("\0"), text.utf8.count <= 65_536 else {
        item.failExpecting("an argument: text")
        continue
      }
      arguments.append(text)
    }
    guard arguments.count == items.count else { return nil }
    guard arguments[0].hasPrefix("/") else {
      program.failExpecting("an absolute path", hint: "the daemon looks nothing up in PATH and knows no current folder")
      return nil
    }
    checkProgram(arguments[0], program)
    return arguments
  }

  /// A hook may be installed after the config, so what is wrong with its file is only doubtful.
  private func checkProgram(_ path: String, _ cursor: Cursor) {
    var isDirectory: ObjCBool = false
    if !FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
      cursor.warn("there is no file \(quoted(path: path)) yet: the hook would fail", hint: "install it")
    } else if isDirectory.boolValue {
      cursor.warn("\(quoted(path: path)) is a directory: the hook would fail", hint: "name the program in it")
    } else if !FileManager.default.isExecutableFile(atPath: path) {
      cursor.warn("\(quoted(path: path)) is not executable: the hook would fail", hint: "chmod +x it")
    }
  }

  /// `[NAME]` hands the daemon's own variable on; `{NAME: value}` sets it; `{NAME: }` hands it on too.
  private func env(_ cursor: Cursor) -> [String: String] {
    var result: [String: String] = [:]
    if case .mapping(let entries) = cursor.node.value {
      for entry in entries {
        let place = cursor.child(entry.key, entry.value)
        guard isVariable(entry.key, place) else { continue }
        if result[entry.key] != nil { place.fail("\(quoted(entry.key)) stands twice here") }
        switch entry.value.value {
        case .null: result[entry.key] = inherited(entry.key, place)
        case .scalar(let text) where !text.contains("\0"): result[entry.key] = text
        default: place.failExpecting("text")
        }
      }
      return result
    }
    for item in cursor.items("names of variables, or a mapping of names to values") ?? [] {
      guard let name = item.text("the name of a variable"), isVariable(name, item) else { continue }
      if let value = inherited(name, item) { result[name] = value }
    }
    return result
  }

  private func inherited(_ name: String, _ cursor: Cursor) -> String? {
    if let value = environment[name] { return value }
    cursor.warn("the daemon's environment has no \(name): the hook will not have it", hint: "set it, or give a value")
    return nil
  }

  private func isVariable(_ name: String, _ cursor: Cursor) -> Bool {
    let letters = name.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
    }
    guard letters, let first = name.utf8.first, !(48...57).contains(first) else {
      cursor.fail("expected the name of a variable such as CHANNEL, found \(quoted(name))")
      return false
    }
    if name.hasPrefix("KIZASHI_") {
      cursor.fail("\(name) is set by kizashi itself", hint: "variables that begin with KIZASHI_ are its own")
      return false
    }
    return true
  }

  private func exitCodes(_ cursor: Cursor) -> [Int] {
    var result: [Int] = []
    for item in cursor.items("a list of exit codes such as [75]") ?? [] {
      if let code = item.integer("an exit code 1–255", in: 1...255), !result.contains(code) { result.append(code) }
    }
    return result
  }
}
