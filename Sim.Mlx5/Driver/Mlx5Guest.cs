using System.Buffers.Binary;
using System.Numerics;
using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>
/// A guest that drives a VF: brings it up over the VF's own command queue, copies known patterns by RDMA writes on loopback QPs, takes
/// completion
/// interrupts, and checks that every copy was done rightly and exactly once. A taken result is overwritten with a marker: who copies again
/// is found
/// out. It polls the health buffer as mlx5_core does.
/// </summary>
public sealed partial class Mlx5Guest : IGuestProgram
{
    private const int AsyncVector = 0;
    private const int CompletionVector = 1;
    private const byte Marker = 0xCC;
    private const int MissesUntilCompromised = 3;

    private readonly Mlx5GuestOptions _options;
    private readonly byte[] _buffer;
    private readonly int _logRing;
    private GuestDriver? _driver;
    private byte[]? _loaded;
    private int _wrong;
    private int _repeated;
    private int _lostInterrupts;
    private int _stalls;
    private int _asyncErrors;
    private int _misses;
    private int _idleSteps;
    private int _turn;
    private uint _counter;
    private bool _compromised;
    private bool _pciDead;
    private SimDuration _sinceHealth;
    private string? _failure;

    /// <summary>Makes the guest; its first steps bring the device up.</summary>
    public Mlx5Guest(Mlx5GuestOptions? options = null)
    {
        _options = options ?? new Mlx5GuestOptions();
        if (_options.RingSize is < 2 or > 64 || !BitOperations.IsPow2(_options.RingSize))
            throw new ArgumentException("Ring size is a power of two from 2 to 64.", nameof(options));
        if (_options.CopyBytes is < 8 or > GuestMemory.PageBytes || _options.CopyBytes % 8 != 0)
            throw new ArgumentException("A job copies a multiple of 8 bytes up to 4096.", nameof(options));
        if (_options.Queues is < 1 or > 16) throw new ArgumentException("A guest works with 1 to 16 queues.", nameof(options));
        _buffer = new byte[_options.CopyBytes];
        _logRing = BitOperations.Log2((uint)_options.RingSize);
    }

    /// <summary>MSI-X vectors that it needs.</summary>
    public static int Vectors => 2;

    /// <summary>What it found out so far.</summary>
    public Mlx5GuestReport Report => new(
        Posted, Completed - _wrong, _wrong, _repeated, _lostInterrupts, _stalls, _asyncErrors, _compromised, _pciDead, _failure);

    /// <summary>Whether the device is up and work goes on.</summary>
    public bool IsReady => _driver is { IsReady: true };

    /// <summary>Jobs posted whose completion was not seen yet.</summary>
    public int Outstanding => Posted - Completed;

    private int Posted => _driver?.Queues.Sum(q => (int)q.Posted) ?? 0;

    private int Completed => _driver?.Queues.Sum(q => (int)q.Completed) ?? 0;

    /// <inheritdoc/>
    public async Task<SimDuration?> StepAsync(Vcpu cpu)
    {
        if (_failure is not null) return null;
        var driver = Attach(cpu);
        if (!driver.IsReady)
        {
            await SetUpAsync(driver);
            return _options.Interval;
        }

        _sinceHealth += _options.Interval;
        if (_sinceHealth >= _options.HealthInterval) await PollHealthAsync(driver);
        else if (Outstanding > 0 && ++_idleSteps >= _options.StallSteps) await LookForItselfAsync(driver);
        else await PostAsync(driver);
        return _options.Jobs > 0 && Posted >= _options.Jobs && Outstanding == 0 ? null : _options.Interval;
    }

    /// <inheritdoc/>
    public async Task InterruptAsync(Vcpu cpu, int device, int vector)
    {
        if (device != _options.Device) return;
        var driver = Attach(cpu);
        if (vector == AsyncVector) await TakeAsyncEventsAsync(driver);
        else if (vector == CompletionVector) await TakeCompletionEventsAsync(driver);
    }

    /// <summary>Looks once more whether taken results were overwritten since; to be called when the guest stands.</summary>
    public void CheckTakenResults(GuestMemory memory)
    {
        for (var q = 0; _driver is not null && q < _options.Queues; q++)
        {
            var queue = _driver.Queues[q];
            for (var job = Math.Max(0, (int)queue.Posted - _options.RingSize); job < queue.Completed; job++) CheckMarker(memory, q, job);
        }
    }

    private GuestDriver Attach(Vcpu cpu)
    {
        if (_driver is not null) return _driver;
        _driver = new GuestDriver(new GuestPlatform(cpu, _options.Device), _options, _logRing);
        if (_loaded is not null) LoadDriver(_driver);
        return _driver;
    }

    private async Task SetUpAsync(GuestDriver driver)
    {
        try
        {
            await driver.SetUpStepAsync();
        }
        catch (Exception problem) when (problem is Mlx5CommandException or TimeoutException)
        {
            _failure = problem.Message;
            return;
        }

        if (!driver.IsReady) return;
        _buffer.AsSpan().Fill(Marker);
        for (var q = 0; q < _options.Queues; q++)
            for (var slot = 0; slot < _options.RingSize; slot++)
                driver.Memory.Write(_options.Destination(q, slot), _buffer);
    }

    private async Task PostAsync(GuestDriver driver)
    {
        var q = _turn;
        _turn = (_turn + 1) % _options.Queues;
        var queue = driver.Queues[q];
        var before = queue.Posted;
        for (var i = 0; i < _options.Batch && queue.Room > 0 && (_options.Jobs == 0 || Posted < _options.Jobs); i++) Prepare(driver, q);
        if (queue.Posted != before) await queue.RingAsync();
    }

    private void Prepare(GuestDriver driver, int q)
    {
        var queue = driver.Queues[q];
        var job = (int)queue.Posted;
        var slot = job & (_options.RingSize - 1);
        CheckMarker(driver.Memory, q, job);
        FillPattern(q, job);
        driver.Memory.Write(_options.Source(q, slot), _buffer);
        queue.Post(
            WqeOpcode.RdmaWrite, _options.Source(q, slot), _options.Destination(q, slot), (uint)_options.CopyBytes, driver.Startup.Mkey);
    }

    private async Task TakeCompletionEventsAsync(GuestDriver driver)
    {
        var eqe = new byte[Eqe.Size];
        while (driver.Completions.TryTake(eqe))
        {
            var number = Eqe.CompletionCq.Get(eqe);
            var q = Array.FindIndex(driver.Queues, queue => queue.Completions.Number == number);
            if (q < 0) continue;
            driver.Queues[q].Completions.Events++;
            Consume(driver, q);
            await driver.Queues[q].Completions.ArmAsync();
        }

        await driver.Completions.ArmAsync();
    }

    private async Task TakeAsyncEventsAsync(GuestDriver driver)
    {
        var eqe = new byte[Eqe.Size];
        while (driver.Async.TryTake(eqe))
        {
            if (eqe[Eqe.Type] != (byte)EventType.CommandCompletion) _asyncErrors++;
        }

        await driver.Async.ArmAsync();
    }

    private void Consume(GuestDriver driver, int q)
    {
        var queue = driver.Queues[q];
        for (var job = (int)queue.Completed; queue.TryTake(out var completion); job++)
        {
            var destination = _options.Destination(q, job & (_options.RingSize - 1));
            var result = new byte[_options.CopyBytes];
            driver.Memory.Read(destination, result);
            FillPattern(q, job);
            var isOurs = completion.WqeIndex == (ushort)job && completion.Syndrome == CqeSyndrome.None;
            if (!isOurs || !result.AsSpan().SequenceEqual(_buffer)) _wrong++;
            _buffer.AsSpan().Fill(Marker);
            driver.Memory.Write(destination, _buffer);
            _idleSteps = 0;
        }
    }

    private void CheckMarker(GuestMemory memory, int q, int job)
    {
        var result = new byte[_options.CopyBytes];
        var destination = _options.Destination(q, job & (_options.RingSize - 1));
        memory.Read(destination, result);
        if (!result.AsSpan().ContainsAnyExcept(Marker)) return;
        _repeated++;
        _buffer.AsSpan().Fill(Marker);
        memory.Write(destination, _buffer);
    }

    private async Task LookForItselfAsync(GuestDriver driver)
    {
        _idleSteps = 0;
        var before = Completed;
        for (var q = 0; q < _options.Queues; q++) Consume(driver, q);
        if (Completed > before) _lostInterrupts++;
        else _stalls++;
        await TakeCompletionEventsAsync(driver);
    }

    /// <summary>
    /// A counter that stands still three times means a dead firmware; a version of all ones means that PCI does not work.
    /// </summary>
    private async Task PollHealthAsync(GuestDriver driver)
    {
        _sinceHealth = SimDuration.Zero;
        var counter = await driver.Platform.LoadAsync(InitSegment.HealthCounter);
        var version = await driver.Platform.LoadAsync(HealthBuffer.FirmwareVersion);
        if (version == uint.MaxValue)
        {
            _pciDead = true;
            return;
        }

        _misses = counter == _counter ? _misses + 1 : 0;
        _compromised |= _misses >= MissesUntilCompromised;
        _counter = counter;
    }

    private void FillPattern(int q, int job)
    {
        var seed = ((ulong)(job + 1) * 0x9E37_79B9_7F4A_7C15) + ((ulong)q << 56);
        for (var at = 0; at < _buffer.Length; at += 8) BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(at), seed + (ulong)at);
    }
}
