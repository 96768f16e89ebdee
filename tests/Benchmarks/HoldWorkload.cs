using Sim.Core;

namespace Benchmarks;

/// <summary>
/// W1, the hold model: N owned events are pending; the first fires and schedules itself anew at an exponentially distributed distance.
/// </summary>
internal sealed class HoldWorkload : IWorkload
{
    public string Name => "hold";

    public string Usage => "hold PENDING=1e5 EVENTS=2e6";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new HoldModel(numbers.ElementAtOrDefault(0, 100_000), numbers.ElementAtOrDefault(1, 2_000_000), queue);

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [numbers.ElementAtOrDefault(0, 100_000), 2_000_000];

    private sealed class HoldModel : IPreparedRun
    {
        private readonly Simulator _simulator;
        private readonly IncrementTable _increments = new();
        private long _left;

        public HoldModel(long pending, long events, EventQueueKind queue)
        {
            _simulator = new(queue: queue);
            _left = events;
            for (var i = 0L; i < pending; i++)
                new Cell(this).Schedule();
        }

        public RunResult Run()
        {
            _simulator.Run();
            return new(_simulator.EventsFired, 0, _simulator.Now.Femtoseconds / 1000);
        }

        private sealed class Cell : EventTarget
        {
            private readonly HoldModel _model;
            private readonly OwnEvent _event;

            public Cell(HoldModel model)
            {
                _model = model;
                _event = new(model._simulator, this);
            }

            public void Schedule() => _event.ScheduleAfter(_model._increments.Next());

            protected internal override void OnEvent()
            {
                if (--_model._left == 0)
                    _model._simulator.Stop();
                else
                    Schedule();
            }
        }
    }
}
