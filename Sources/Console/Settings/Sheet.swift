import Referral

/// A page of the section Settings: what its template shows, block by block.
struct Sheet {
    enum Style: String {
        case plain = ""
        case good
        case odd
        case bad
    }

    /// Something that somebody should see to.
    struct Point {
        var style: Style
        /// What is the matter, in a word or two, so that the colour says nothing by itself.
        var state: String
        var text: String
        var path: String?
    }

    struct Fact {
        var term: String
        var text: String
        var at: Instant?
        var path: String?
    }

    struct Cell {
        var text: String
        var at: Instant?
        /// Whether the row's colour is the cell's, too.
        var isState = false
    }

    struct Row {
        var name: String
        var path: String?
        var style = Style.plain
        /// One for each column but the first.
        var cells: [Cell]
    }

    struct Table {
        var columns: [String]
        var rows: [Row]
    }

    struct Input {
        var name: String
        var label: String
        var hint: String
    }

    struct Choice {
        var id: String
        var legend: String
        var options: [(name: String, label: String, isTicked: Bool)]
    }

    struct Form {
        var path: String
        var hidden: [(name: String, value: String)] = []
        var inputs: [Input] = []
        var choice: Choice?
        var button: String
        var isSecond = false
    }

    struct Block {
        var id: String
        /// Empty for what stands under the page's own heading.
        var title = ""
        var texts: [String] = []
        var points: [Point] = []
        var facts: [Fact] = []
        var table: Table?
        /// Shown in this answer alone.
        var secret: String?
        var forms: [Form] = []
        var links: [(text: String, path: String)] = []
    }

    var title: String
    var part: Console.SettingsPart
    var notice: String?
    var entered = Console.Entered()
    var blocks: [Block]
    var help: [String]
}

extension Console {
    /// A part of the section Settings, in the order of the bar above its pages.
    package enum SettingsPart: String, CaseIterable, Sendable {
        case overview
        case partners
        case adapters
        case users
        case rights
        case policy

        var words: String {
            switch self {
            case .overview: "Overview"
            case .partners: "Partners and keys"
            case .adapters: "Adapters"
            case .users: "Users"
            case .rights: "Rights"
            case .policy: "Policy"
            }
        }

        package var path: String {
            self == .overview ? Section.settings.path : "\(Section.settings.path)/\(rawValue)"
        }
    }

    /// A page of the section.
    ///
    /// - Parameter parts: Those that the account may open.
    func settings(
        _ sheet: Sheet, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let mistakes = sheet.entered.mistakes
        var values = sheet.entered.view
        values["heading"] = sheet.title
        values["parts"] = SettingsPart.allCases.filter(parts.contains).map {
            ["partPath": $0.path, "partWords": $0.words, "isChosen": $0 == sheet.part]
        }
        values["notice"] = sheet.notice
        values["help"] = sheet.help
        values["blocks"] = sheet.blocks.map { Self.view($0, sheet.entered, at: now) }
        let title = mistakes.isEmpty ? sheet.title : "Error: \(sheet.title)"
        return page("settings", title, reader, in: .settings, sections: sections, values)
    }

    private static func view(_ block: Sheet.Block, _ entered: Entered, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "blockID": block.id, "texts": block.texts, "hasPoints": !block.points.isEmpty,
            "hasFacts": !block.facts.isEmpty, "forms": block.forms.map { Self.view($0, entered) },
            "points": block.points.map { point -> [String: Any] in
                var view: [String: Any] = [
                    "pointStyle": point.style.rawValue, "pointState": point.state, "pointText": point.text,
                ]
                view["pointPath"] = point.path
                return view
            },
            "facts": block.facts.map { fact -> [String: Any] in
                var view: [String: Any] = ["term": fact.term, "factText": fact.text]
                view["factAt"] = fact.at.map { Moment($0, now: now).view }
                view["factPath"] = fact.path
                return view
            },
            "links": block.links.map { ["linkText": $0.text, "linkPath": $0.path] },
        ]
        view["blockTitle"] = block.title.isEmpty ? nil : block.title
        view["secret"] = block.secret
        view["table"] = block.table.map { table -> [String: Any] in
            [
                "columns": table.columns,
                "rows": table.rows.map { Self.view($0, columns: table.columns, at: now) },
            ]
        }
        return view
    }

    private static func view(_ row: Sheet.Row, columns: [String], at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "rowName": row.name, "rowStyle": row.style.rawValue,
            "cells": zip(columns.dropFirst(), row.cells).map { column, cell -> [String: Any] in
                var view: [String: Any] = ["column": column, "cellText": cell.text, "isState": cell.isState]
                view["cellAt"] = cell.at.map { Moment($0, now: now).view }
                return view
            },
        ]
        view["rowPath"] = row.path
        return view
    }

    private static func view(_ form: Sheet.Form, _ entered: Entered) -> [String: Any] {
        func mistake(at field: String) -> String? { entered.mistakes.first { $0.field == field }?.text }
        var view: [String: Any] = [
            "formPath": form.path, "hidden": form.hidden.map { ["hiddenName": $0.name, "hiddenValue": $0.value] },
            "inputs": form.inputs.map { input -> [String: Any] in
                let mistake = mistake(at: input.name)
                return [
                    "inputName": input.name, "inputLabel": input.label, "inputHint": input.hint,
                    "inputValue": entered.fields[input.name] ?? "", "isWrong": mistake != nil,
                    "inputMistake": mistake ?? "",
                ]
            },
            "button": form.button, "isSecond": form.isSecond,
        ]
        view["choice"] = form.choice.map { choice -> [String: Any] in
            let mistake = mistake(at: choice.id)
            return [
                "choiceID": choice.id, "legend": choice.legend, "isWrong": mistake != nil,
                "choiceMistake": mistake ?? "",
                "options": choice.options.map {
                    ["optionName": $0.name, "optionLabel": $0.label, "isTicked": $0.isTicked]
                },
            ]
        }
        return view
    }
}
