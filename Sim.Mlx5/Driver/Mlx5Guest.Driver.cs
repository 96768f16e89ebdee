using Sim.Core;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

// The guest's driver objects and their state as bytes.
public sealed partial class Mlx5Guest
{
    /// <inheritdoc/>
    public byte[] Save()
    {
        // Never attached since it was loaded: nothing has changed.
        if (_driver is null && _loaded is not null) return [.. _loaded];
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        int[] counters = [_wrong, _repeated, _lostInterrupts, _stalls, _asyncErrors, _misses, _idleSteps, _turn];
        foreach (var value in counters) to.Write(value);
        to.Write(_counter);
        to.Write(_compromised);
        to.Write(_pciDead);
        to.Write(_sinceHealth.Femtoseconds);
        to.Write(_failure ?? "");
        to.Write(_driver is not null);
        _driver?.Save(to);
        to.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state)
    {
        _loaded = state.ToArray();
        _driver = null;
        Restore();
    }

    private BinaryReader Restore()
    {
        var from = new BinaryReader(new MemoryStream(_loaded!));
        (_wrong, _repeated, _lostInterrupts, _stalls) = (from.ReadInt32(), from.ReadInt32(), from.ReadInt32(), from.ReadInt32());
        (_asyncErrors, _misses, _idleSteps, _turn) = (from.ReadInt32(), from.ReadInt32(), from.ReadInt32(), from.ReadInt32());
        _counter = from.ReadUInt32();
        _compromised = from.ReadBoolean();
        _pciDead = from.ReadBoolean();
        _sinceHealth = new SimDuration(from.ReadInt64());
        var failure = from.ReadString();
        _failure = failure.Length == 0 ? null : failure;
        return from;
    }

    private void LoadDriver(Driver driver)
    {
        using var from = Restore();
        if (from.ReadBoolean()) driver.Load(from);
    }

    /// <summary>What the driver has made, on one vCPU.</summary>
    private sealed class Driver
    {
        private readonly Mlx5CommandInterface _commands;
        private int _stage;

        public Driver(GuestPlatform platform, Mlx5GuestOptions options, int logRing)
        {
            Platform = platform;
            _commands = new Mlx5CommandInterface(platform, options.MemoryBase);
            Async = new EventQueueReader(platform, options.AsyncRing, LogEvents);
            Completions = new EventQueueReader(platform, options.EventRing, LogEvents);
            EventRing = options.EventRing;
            Startup = new Mlx5Startup(
                platform, _commands, options.FirmwareBase, Mlx5GuestOptions.FirmwarePages, Async, options.AsyncRing, LogEvents);
            Queues = new LoopbackQueue[options.Queues];
            for (var i = 0; i < Queues.Length; i++) Queues[i] = new LoopbackQueue(platform, options.QueueBase(i), logRing);
        }

        public GuestPlatform Platform { get; }

        public GuestMemory Memory => Platform.Cpu.Memory;

        public EventQueueReader Async { get; }

        public EventQueueReader Completions { get; }

        public Mlx5Startup Startup { get; }

        public LoopbackQueue[] Queues { get; }

        public bool IsReady => Queues[^1].IsReady;

        private ulong EventRing { get; }

        /// <summary>The next command or two on the way to work.</summary>
        public async Task SetUpStepAsync()
        {
            if (!Startup.IsDone)
            {
                await Startup.StepAsync();
            }
            else if (_stage == 0)
            {
                Completions.Initialize();
                Completions.Uar = Startup.Uar;
                var input = CommandInput.CreateEq(Startup.Uar, LogEvents, CompletionVector, EventRing, 0);
                Completions.Number = await Startup.CreateAsync(input);
                await Completions.ArmAsync();
                _stage = 1;
            }
            else if (Array.Find(Queues, q => !q.IsReady) is { } queue)
            {
                await queue.CreateStepAsync(_commands, Startup.Uar, Startup.Pd, Completions.Number);
            }
        }

        public void Save(BinaryWriter to)
        {
            to.Write(_stage);
            to.Write(_commands.Token);
            to.Write(_commands.UsesSignatures);
            to.Write(Startup.Stage);
            to.Write(Startup.PagesGiven);
            foreach (var value in (uint[])[Startup.Uar, Startup.Pd, Startup.Mkey]) to.Write(value);
            foreach (var eq in (EventQueueReader[])[Async, Completions])
                foreach (var value in (uint[])[eq.Number, eq.Uar, eq.Consumer]) to.Write(value);
            foreach (var q in Queues)
            {
                to.Write(q.Stage);
                foreach (var value in (uint[])[q.Number, q.Uar, q.Posted, q.Completed]) to.Write(value);
                var cq = q.Completions;
                foreach (var value in (uint[])[cq.Number, cq.Uar, cq.Consumer, cq.Events]) to.Write(value);
            }
        }

        public void Load(BinaryReader from)
        {
            _stage = from.ReadInt32();
            _commands.Token = from.ReadByte();
            _commands.UsesSignatures = from.ReadBoolean();
            (Startup.Stage, Startup.PagesGiven) = (from.ReadInt32(), from.ReadInt32());
            (Startup.Uar, Startup.Pd, Startup.Mkey) = (from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32());
            foreach (var eq in (EventQueueReader[])[Async, Completions])
                (eq.Number, eq.Uar, eq.Consumer) = (from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32());
            foreach (var q in Queues)
            {
                q.Stage = from.ReadInt32();
                (q.Number, q.Uar, q.Posted, q.Completed) = (from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32());
                var cq = q.Completions;
                (cq.Number, cq.Uar, cq.Consumer, cq.Events) = (from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32(), from.ReadUInt32());
            }
        }
    }
}
