using Sim.Core;

namespace Benchmarks;

/// <summary>W2: one message goes back and forth between two modules over links of 1000 and 1500 ps.</summary>
internal sealed class PingWorkload : IWorkload
{
    public string Name => "ping";

    public string Usage => "ping ROUND_TRIPS=2e6";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new Ping(numbers.ElementAtOrDefault(0, 2_000_000), queue);

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [2_000_000];

    private sealed class Ping : IPreparedRun
    {
        private readonly Simulator _simulator;
        private readonly long _roundTrips;
        private readonly SimDuration _there = SimDuration.FromPicoseconds(1000);
        private readonly SimDuration _back = SimDuration.FromPicoseconds(1500);
        private readonly SimEvent _atB;
        private readonly SimEvent _atA;
        private long _left;

        public Ping(long roundTrips, EventQueueKind queue)
        {
            _simulator = new(queue: queue);
            _left = _roundTrips = roundTrips;
            _atA = new(_simulator, ArriveAtA);
            _atB = new(_simulator, ArriveAtB);
            _atB.ScheduleAfter(_there);
        }

        public RunResult Run()
        {
            _simulator.Run();
            return new(_simulator.EventsFired, _roundTrips, _simulator.Now.Femtoseconds / 1000);
        }

        private void ArriveAtB() => _atA.ScheduleAfter(_back);

        private void ArriveAtA()
        {
            if (--_left > 0)
                _atB.ScheduleAfter(_there);
        }
    }
}
