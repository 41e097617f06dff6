import Testing

@testable import MessageQueue

struct ClaimPlanTests {
    let start = ContinuousClock.now

    /// A plan whose first claim, a survey from the beginning, found these places.
    private func plan(
        finding lowest: [Shelf: Int64], claiming places: [Place] = [], duration: Duration = .zero
    ) throws -> ClaimPlan {
        var plan = ClaimPlan()
        plan.claimed(places)
        let survey = try #require(plan.next(limit: 10, suspects: false, now: start).survey)
        plan.surveyed(survey, lowest: lowest, duration: duration, now: start)
        return plan
    }

    @Test func `the first claim is a survey from the beginning`() {
        var plan = ClaimPlan()
        let look = plan.next(limit: 10, suspects: true, now: start)
        #expect(look.survey?.isFull == true)
        #expect(
            look.arms == [
                .init(shelf: .suspect, most: 1, floor: 0), .init(shelf: .emergency, most: 10, floor: 0),
                .init(shelf: .urgent, most: 10, floor: 0), .init(shelf: .routine, most: 10, floor: 0),
            ])
    }

    @Test func `claims between surveys start at the lowest live place`() throws {
        var plan = try plan(finding: [.routine: 500])
        let look = plan.next(limit: 10, suspects: false, now: start + .milliseconds(99))
        #expect(look.survey == nil)
        #expect(look.arms.map(\.floor) == [0, 0, 500])
        #expect(!plan.isSurveyDue(now: start + .milliseconds(99)))
        #expect(plan.isSurveyDue(now: start + .milliseconds(100)))
    }

    @Test func `claims do not wait for a survey, and the next comes after its answer`() throws {
        var plan = try plan(finding: [.routine: 500])
        let later = start + .seconds(1)
        let survey = try plan.requireSurvey(at: later)
        #expect(!plan.isSurveyDue(now: later + .seconds(1)))
        let look = plan.next(limit: 10, suspects: false, now: later + .seconds(1))
        #expect(look.survey == nil)
        #expect(look.arms.map(\.floor) == [0, 0, 500])
        plan.surveyed(survey, lowest: [.routine: 600], duration: .milliseconds(20), now: later + .seconds(1))
        #expect(plan.next(limit: 10, suspects: false, now: later + .seconds(1)).arms.map(\.floor) == [0, 0, 600])
        #expect(!plan.isSurveyDue(now: later + .milliseconds(1_199)))
        #expect(plan.isSurveyDue(now: later + .milliseconds(1_200)))
    }

    @Test func `a survey without an answer is made up for soon`() throws {
        var plan = try plan(finding: [.routine: 500])
        let survey = try plan.requireSurvey(at: start + .seconds(1))
        plan.surveyFailed(survey, duration: .seconds(1), now: start + .seconds(2))
        #expect(!plan.isSurveyDue(now: start + .milliseconds(2_099)))
        #expect(plan.isSurveyDue(now: start + .milliseconds(2_100)))
    }

    @Test func `a survey from the beginning that fails holds the others up no longer than it took`() throws {
        var plan = try plan(finding: [.routine: 1])
        for second in 1...40 {
            let survey = try plan.requireSurvey(at: start + .seconds(second))
            guard !survey.isFull || second < 40 else {
                // It takes thirty seconds and fails; the next are not from the beginning.
                let failed = start + .seconds(70)
                plan.surveyFailed(survey, duration: .seconds(30), now: failed)
                let next = try plan.requireSurvey(at: failed + .seconds(1))
                #expect(!next.isFull)
                return
            }
            plan.surveyed(survey, lowest: [.routine: 10], duration: .zero, now: start + .seconds(second))
        }
        Issue.record("no survey from the beginning after forty seconds")
    }

    @Test func `a long survey from the beginning does not make the others seldom`() throws {
        let plan = try plan(finding: [.routine: 1], duration: .seconds(2))
        #expect(!plan.isSurveyDue(now: start + .milliseconds(99)))
        #expect(plan.isSurveyDue(now: start + .milliseconds(100)))
    }

    @Test func `no survey starts above what came back from waiting`() throws {
        var plan = try plan(finding: [.routine: 5_000])
        for second in stride(from: 1, through: 39, by: 2) {
            let survey = try plan.requireSurvey(at: start + .seconds(second))
            plan.surveyed(survey, lowest: [.routine: 5_000], duration: .zero, now: start + .seconds(second))
        }
        plan.returned([(.routine, 100)])
        // More than one: each starts where the one before left the floor.
        for second in [39.2, 39.4] {
            let now = start + .milliseconds(Int(second * 1_000))
            let survey = try plan.requireSurvey(at: now)
            #expect(!survey.isFull)
            #expect(survey.starts[.routine] == 100)
            plan.surveyed(survey, lowest: [.routine: 100], duration: .zero, now: now)
            #expect(plan.next(limit: 1, suspects: false, now: now).arms.last?.floor == 100)
        }
    }

    @Test func `an answer that was given up changes nothing`() throws {
        var plan = try plan(finding: [.routine: 500])
        let first = try plan.requireSurvey(at: start + .seconds(1))
        let second = try plan.requireSurvey(at: start + .seconds(40))
        plan.surveyed(second, lowest: [.routine: 70], duration: .zero, now: start + .seconds(40))
        plan.surveyed(first, lowest: [.routine: 900], duration: .seconds(40), now: start + .seconds(41))
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 0, 70])
    }

    @Test func `a survey says when something came to life below the floor`() throws {
        var plan = try plan(finding: [.routine: 500])
        let first = try plan.requireSurvey(at: start + .seconds(1))
        let isFirstLower = plan.surveyed(first, lowest: [.routine: 600], duration: .zero, now: start + .seconds(1))
        #expect(!isFirstLower)
        let second = try plan.requireSurvey(at: start + .seconds(2))
        let isSecondLower = plan.surveyed(
            second, lowest: [.routine: 70], duration: .zero, now: start + .seconds(2))
        #expect(isSecondLower)
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 0, 70])
    }

    @Test func `what is claimed while a survey looks raises no floor, and what comes back lowers one`() throws {
        var plan = try plan(finding: [.urgent: 300, .routine: 500])
        let survey = try plan.requireSurvey(at: start + .seconds(1))
        plan.claimed([Place(queue: 1, shelf: 2, position: 900)])
        plan.returned([(.urgent, 20)])
        plan.surveyed(survey, lowest: [.urgent: 310], duration: .zero, now: start + .seconds(1))
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 20, 500])
    }

    @Test func `an empty shelf starts after the last place claimed from it`() throws {
        let places = [Place(queue: 1, shelf: 2, position: 70), Place(queue: 1, shelf: 2, position: 69)]
        var plan = try plan(finding: [:], claiming: places)
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 0, 71])
    }

    @Test func `no floor is above a message that stands behind, for it may come to any shelf`() throws {
        var plan = try plan(
            finding: [.routine: 500, .behind: 40], claiming: [Place(queue: 1, shelf: 1, position: 70)])
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 40, 40])
    }

    @Test func `no floor stays above a message that came back from waiting`() throws {
        var plan = try plan(finding: [.urgent: 300, .routine: 500])
        plan.returned([(.routine, 7), (.urgent, 400)])
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 300, 7])
    }

    @Test func `a survey starts where the floor was half a minute ago, and now and then at the beginning`() throws {
        var plan = try plan(finding: [.routine: 1])
        var fulls = 0
        var distances: [Int64] = []
        for second in 1...120 {
            let now = start + .seconds(second)
            let survey = try plan.requireSurvey(at: now)
            if second > 40 {
                fulls += survey.isFull ? 1 : 0
                if let from = survey.starts[.routine] { distances.append(Int64(second * 100) - from) }
            }
            plan.surveyed(survey, lowest: [.routine: Int64(second * 100)], duration: .zero, now: now)
        }
        #expect(fulls == 8)
        #expect(distances.count == 72)
        #expect(distances.allSatisfy { (3_000...3_400).contains($0) })
    }

    @Test func `the longer a survey from the beginning takes, the more seldom it is`() throws {
        var plan = try plan(finding: [.routine: 1], duration: .seconds(1))
        var fulls = 0
        for second in 31...330 {
            let now = start + .seconds(second)
            guard let survey = plan.survey(now: now) else { continue }
            fulls += survey.isFull ? 1 : 0
            let duration: Duration = survey.isFull ? .seconds(1) : .zero
            plan.surveyed(survey, lowest: [.routine: Int64(second)], duration: duration, now: now)
        }
        #expect((5...8).contains(fulls))
    }

    @Test func `a survey can be asked for`() throws {
        var plan = try plan(finding: [.routine: 500])
        plan.surveyNext()
        let look = plan.next(limit: 10, suspects: false, now: start)
        #expect(look.survey?.isFull == true)
        #expect(look.arms.allSatisfy { $0.floor == 0 })
    }

    @Test func `one turn in eight looks at routine messages first`() {
        var plan = ClaimPlan()
        let firsts = (0..<16).map { _ in plan.next(limit: 1, suspects: false, now: start).arms[0].shelf }
        #expect(firsts.count { $0 == .routine } == 2)
        #expect(firsts.count { $0 == .emergency } == 14)
    }
}

extension ClaimPlan {
    /// The survey that is due.
    fileprivate mutating func requireSurvey(at now: ContinuousClock.Instant) throws -> Survey {
        let survey = survey(now: now)
        return try #require(survey)
    }
}
