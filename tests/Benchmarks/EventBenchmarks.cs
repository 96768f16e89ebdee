using BenchmarkDotNet.Attributes;
using Sim.Core;

namespace Benchmarks;

/// <summary>The engine: 64 pending events, each of which schedules itself anew.</summary>
public class EventBenchmarks
{
    private const int Pending = 64;

    private Simulator _simulator = new();

    [ParamsAllValues]
    public EventQueueKind Queue { get; set; }

    [GlobalSetup]
    public void Schedule()
    {
        _simulator = new Simulator(queue: Queue);
        for (var i = 0; i < Pending; i++) new Ticker(_simulator, SimDuration.FromPicoseconds(1000 + (7 * i)));
    }

    [Benchmark(Description = "a step of the simulator, one event")]
    public bool Step() => _simulator.Step();

    private sealed class Ticker : EventTarget
    {
        private readonly OwnEvent _event;
        private readonly SimDuration _period;

        public Ticker(Simulator simulator, SimDuration period)
        {
            (_event, _period) = (new OwnEvent(simulator, this), period);
            _event.ScheduleAfter(_period);
        }

        protected internal override void OnEvent() => _event.ScheduleAfter(_period);
    }
}
