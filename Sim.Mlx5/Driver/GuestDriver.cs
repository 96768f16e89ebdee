using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>The driver of a guest on one of its VFs: bring-up, EQs and loopback queues, and their state as bytes.</summary>
internal sealed class GuestDriver
{
    private const int CompletionVector = 1;
    private const int LogEvents = 6;

    private readonly Mlx5CommandInterface _commands;
    private int _stage;

    public GuestDriver(GuestPlatform platform, Mlx5GuestOptions options, int logRing)
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

    /// <summary>The command interface, for commands beyond the bring-up.</summary>
    public Mlx5CommandInterface Commands => _commands;

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
