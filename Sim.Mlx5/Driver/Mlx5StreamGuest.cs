using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>
/// A guest whose VFs stream to each other peer-to-peer: each writes numbered items by RDMA into the device memory of the next, through the
/// next one's BAR. The guest believes an item delivered when its write completes, and looks at the end which of them are really there.
/// </summary>
public sealed class Mlx5StreamGuest : IGuestProgram
{
    private const int AsyncVector = 0;
    private const int CompletionVector = 1;
    private const int LogRing = 6;
    private const int RingSize = 1 << LogRing;
    private const uint WindowBytes = 0x1_0000;

    private readonly Mlx5StreamGuestOptions _options;
    private readonly Mlx5GuestOptions[] _layouts;
    private readonly GuestDriver?[] _drivers;
    private readonly ulong[] _windows;
    private readonly SortedSet<(int From, int Item)> _missing = [];
    private byte[]? _loaded;
    private int _verified;

    /// <summary>Makes the guest; its first steps bring the VFs up.</summary>
    public Mlx5StreamGuest(Mlx5StreamGuestOptions options)
    {
        _options = options;
        if (options.Bars.Count < 2) throw new ArgumentException("A stream needs two devices.", nameof(options));
        if (options.ItemBytes is < 8 or > 256 || (options.ItemBytes & (options.ItemBytes - 1)) != 0)
            throw new ArgumentException("An item has 8 to 256 bytes, a power of two.", nameof(options));
        _layouts = new Mlx5GuestOptions[options.Bars.Count];
        for (var i = 0; i < _layouts.Length; i++)
        {
            _layouts[i] = new Mlx5GuestOptions
            {
                Device = i,
                MemoryBase = i == 0 ? options.MemoryBase : _layouts[i - 1].DataBase + (RingSize * 256),
                Queues = 1,
                RingSize = RingSize,
            };
        }

        _drivers = new GuestDriver?[_layouts.Length];
        _windows = new ulong[_layouts.Length];
    }

    /// <summary>Why it gave up, if it did.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether every VF is up.</summary>
    public bool IsReady => _windows.All(w => w != 0);

    /// <summary>Items whose write completed.</summary>
    public int Completed => _drivers.Sum(d => (int)(d?.Queues[0].Completed ?? 0));

    /// <summary>Whether everything was sent, completed and looked at.</summary>
    public bool IsDone => _verified >= _options.Items;

    /// <summary>Items that were completed and are not there, by the VF that sent them; numbered from 1.</summary>
    public IReadOnlyCollection<(int From, int Item)> Missing => _missing;

    private int Slots => (int)WindowBytes / _options.ItemBytes;

    private int RoundEnd => Math.Min(_options.Items, _verified + Slots);

    /// <summary>A missing item, and where it should be.</summary>
    public GuestProblem Describe((int From, int Item) missing) =>
        new($"item {missing.Item} from device {missing.From} to device {Target(missing.From)}", "completed", "not there")
        {
            Place = (Target(missing.From), _windows[Target(missing.From)] + Slot(missing.Item - 1)),
        };

    /// <inheritdoc/>
    public async Task<SimDuration?> StepAsync(Vcpu cpu)
    {
        if (Failure is not null) return null;
        Attach(cpu);
        if (!IsReady)
        {
            await SetUpAsync();
            return _options.Interval;
        }

        for (var device = 0; device < _drivers.Length; device++) await PostAsync(device);
        if (!IsDone && _drivers.All(d => d!.Queues[0].Completed >= RoundEnd)) await VerifyAsync(cpu);
        return IsDone ? null : _options.Interval;
    }

    /// <inheritdoc/>
    public async Task InterruptAsync(Vcpu cpu, int device, int vector)
    {
        Attach(cpu);
        var driver = _drivers[device]!;
        var eqe = new byte[Eqe.Size];
        if (vector == AsyncVector)
        {
            while (driver.Async.TryTake(eqe)) { }

            await driver.Async.ArmAsync();
        }
        else if (vector == CompletionVector)
        {
            var completions = driver.Queues[0].Completions;
            while (driver.Completions.TryTake(eqe)) completions.Events++;
            Consume(device);
            await completions.ArmAsync();
            await driver.Completions.ArmAsync();
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        if (_drivers[0] is null && _loaded is not null) return [.. _loaded];
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        to.Write(_verified);
        to.Write(Failure ?? "");
        foreach (var window in _windows) to.Write(window);
        to.Write(_missing.Count);
        foreach (var (from, item) in _missing)
        {
            to.Write(from);
            to.Write(item);
        }

        to.Write(_drivers[0] is not null);
        foreach (var driver in _drivers) driver?.Save(to);
        to.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state)
    {
        _loaded = state.ToArray();
        Array.Clear(_drivers);
        using var from = Restore();
    }

    private BinaryReader Restore()
    {
        var from = new BinaryReader(new MemoryStream(_loaded!));
        _verified = from.ReadInt32();
        var failure = from.ReadString();
        Failure = failure.Length == 0 ? null : failure;
        for (var i = 0; i < _windows.Length; i++) _windows[i] = from.ReadUInt64();
        _missing.Clear();
        for (var n = from.ReadInt32(); n > 0; n--) _missing.Add((from.ReadInt32(), from.ReadInt32()));
        return from;
    }

    private int Target(int device) => (device + 1) % _drivers.Length;

    private ulong Slot(int item) => (ulong)(item % Slots * _options.ItemBytes);

    private ulong Source(int device, int item) => _layouts[device].DataBase + (ulong)(item % RingSize * 256);

    private void Attach(Vcpu cpu)
    {
        if (_drivers[0] is not null) return;
        for (var i = 0; i < _drivers.Length; i++) _drivers[i] = new GuestDriver(new GuestPlatform(cpu, i), _layouts[i], LogRing);
        if (_loaded is null) return;
        using var from = Restore();
        if (!from.ReadBoolean()) return;
        foreach (var driver in _drivers) driver!.Load(from);
    }

    private async Task SetUpAsync()
    {
        var device = Array.IndexOf(_windows, 0UL);
        var driver = _drivers[device]!;
        try
        {
            if (!driver.IsReady) await driver.SetUpStepAsync();
            else _windows[device] = MemicCommands.Allocated.Get(await driver.Commands.ExecuteAsync(CommandInput.AllocMemic(WindowBytes)));
        }
        catch (Exception problem) when (problem is Mlx5CommandException or TimeoutException)
        {
            Failure = problem.Message;
        }
    }

    private async Task PostAsync(int device)
    {
        var driver = _drivers[device]!;
        var queue = driver.Queues[0];
        var before = queue.Posted;
        var target = _options.Bars[Target(device)] + _windows[Target(device)];
        for (var n = 0; n < _options.Batch && queue.Posted < RoundEnd && queue.Room > 0; n++)
        {
            var item = (int)queue.Posted;
            for (var at = 0; at < _options.ItemBytes; at += 8)
                driver.Memory.WriteValue(Source(device, item) + (ulong)at, (ulong)item + 1, 8);
            queue.Post(WqeOpcode.RdmaWrite, Source(device, item), target + Slot(item), (uint)_options.ItemBytes, driver.Startup.Mkey);
        }

        if (queue.Posted != before) await queue.RingAsync();
    }

    private void Consume(int device)
    {
        var queue = _drivers[device]!.Queues[0];
        for (var item = (int)queue.Completed; queue.TryTake(out var completion); item++)
        {
            if (completion.Syndrome != CqeSyndrome.None || completion.WqeIndex != (ushort)item) _missing.Add((device, item + 1));
        }
    }

    private async Task VerifyAsync(Vcpu cpu)
    {
        var end = RoundEnd;
        for (var device = 0; device < _drivers.Length; device++)
        {
            for (var item = _verified; item < end; item++)
            {
                var seen = await cpu.LoadAsync(Target(device), BarLayout.Bar, _windows[Target(device)] + Slot(item), 8);
                if (seen.Value != (ulong)item + 1) _missing.Add((device, item + 1));
            }
        }

        _verified = end;
    }
}
