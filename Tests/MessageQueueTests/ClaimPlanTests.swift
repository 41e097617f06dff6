import Testing

@testable import MessageQueue

struct ClaimPlanTests {
    let start = ContinuousClock.now

    @Test func `the first claim is a survey from the beginning`() {
        var plan = ClaimPlan()
        let (arms, isSurvey) = plan.next(limit: 10, suspects: true, now: start)
        #expect(isSurvey)
        #expect(
            arms == [
                .init(shelf: .suspect, most: 1, floor: 0), .init(shelf: .emergency, most: 10, floor: 0),
                .init(shelf: .urgent, most: 10, floor: 0), .init(shelf: .routine, most: 10, floor: 0),
            ])
    }

    @Test func `claims between surveys start at the lowest live place`() {
        var plan = ClaimPlan()
        _ = plan.next(limit: 10, suspects: false, now: start)
        plan.surveyed(lowest: [.routine: 500])
        let (arms, isSurvey) = plan.next(limit: 10, suspects: false, now: start + .milliseconds(99))
        #expect(!isSurvey)
        #expect(arms.map(\.floor) == [0, 0, 500])
        #expect(plan.next(limit: 10, suspects: false, now: start + .milliseconds(100)).isSurvey)
    }

    @Test func `an empty shelf starts after the last place claimed from it`() {
        var plan = ClaimPlan()
        _ = plan.next(limit: 10, suspects: false, now: start)
        plan.claimed([Place(queue: 1, shelf: 2, position: 70), Place(queue: 1, shelf: 2, position: 69)])
        plan.surveyed(lowest: [:])
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 0, 71])
    }

    @Test func `no floor is above a message that stands behind, for it may come to any shelf`() {
        var plan = ClaimPlan()
        _ = plan.next(limit: 10, suspects: false, now: start)
        plan.claimed([Place(queue: 1, shelf: 1, position: 70)])
        plan.surveyed(lowest: [.routine: 500, .behind: 40])
        #expect(plan.next(limit: 10, suspects: false, now: start).arms.map(\.floor) == [0, 40, 40])
    }

    @Test func `a survey can be asked for`() {
        var plan = ClaimPlan()
        _ = plan.next(limit: 10, suspects: false, now: start)
        plan.surveyed(lowest: [.routine: 500])
        plan.surveyNext()
        let (arms, isSurvey) = plan.next(limit: 10, suspects: false, now: start)
        #expect(isSurvey)
        #expect(arms.allSatisfy { $0.floor == 0 })
    }

    @Test func `one turn in eight looks at routine messages first`() {
        var plan = ClaimPlan()
        let firsts = (0..<16).map { _ in plan.next(limit: 1, suspects: false, now: start).arms[0].shelf }
        #expect(firsts.count { $0 == .routine } == 2)
        #expect(firsts.count { $0 == .emergency } == 14)
    }
}
