using System.Buffers.Binary;
using System.Numerics;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Spec.TrafficLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>A transfer of a traffic generator that ended.</summary>
/// <param name="Issued">When it was begun.</param>
/// <param name="IsRead">Whether data came back; a write is over when it was handed to the link.</param>
/// <param name="Bytes">Its size.</param>
public readonly record struct TrafficTransfer(SimTime Issued, bool IsRead, int Bytes);

/// <summary>
/// A DMA traffic generator (<see cref="TrafficLayout"/>): reads, writes or both, of one size, in order or at random places of a window,
/// with a number of transfers outstanding. Writes are held back only by what waits at the transmitter. Nothing is allocated in steady
/// state.
/// </summary>
public sealed class TrafficFunction : EndpointFunction
{
    private const int MaxOutstanding = 1024;

    private readonly byte[] _registers = new byte[0x4C];
    private readonly byte[] _data = new byte[4096];
    private readonly SimTime[] _issued = new SimTime[MaxOutstanding];
    private readonly int[] _idle = new int[MaxOutstanding];
    private readonly SimEvent _pace;
    private readonly RandomStream _random;
    private int _idleCount;
    private int _busy;
    private bool _running;
    private ulong _begun;
    private ulong _place;

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path; it seeds the random order.</param>
    /// <param name="layout">Configuration space with a BAR0 of <see cref="BarSize"/>.</param>
    /// <param name="tags">Tags it can have outstanding, 1 to 1024.</param>
    public TrafficFunction(Simulator sim, string name, EndpointConfig layout, int tags = 1024)
        : base(sim, name, layout, tags)
    {
        _pace = new SimEvent(sim, Work);
        _random = sim.GetRandomStream(name);
        OnReset(ResetKind.Fundamental);
    }

    /// <summary>Every transfer, when it ends.</summary>
    public Probe<TrafficTransfer> Ended { get; } = new();

    /// <summary>Latencies of the reads since the start, issue to data.</summary>
    public LatencyHistogram ReadLatency { get; } = new();

    /// <summary>Reads that ended with data since the start.</summary>
    public ulong Reads => Wide(ReadsDone);

    /// <summary>Writes sent since the start.</summary>
    public ulong Writes => Wide(WritesDone);

    /// <summary>Bytes of a transfer.</summary>
    public int TransferBytes => Math.Clamp((int)Narrow(TrafficLayout.Bytes), 1, 4096);

    /// <summary>Configuration space of a PF or VF that has these registers.</summary>
    public static EndpointOptions Options(int vfs = 0) => new()
    {
        Identity = new FunctionIdentity(DmaQueueLayout.VendorId, PhysicalDeviceId, 0x088000),
        VirtualDeviceId = VirtualDeviceId,
        BarSize = BarSize,
        TotalVfs = vfs,
        TenBitTagRequester = true,
    };

    /// <inheritdoc/>
    protected internal override string StateName => _running ? "running" : _busy > 0 ? "stopping" : "idle";

    /// <inheritdoc/>
    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination)
    {
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan(Status), _running || _busy > 0 ? 1u : 0);
        if (offset >= (ulong)_registers.Length) return;
        var n = Math.Min(destination.Length, _registers.Length - (int)offset);
        _registers.AsSpan((int)offset, n).CopyTo(destination);
    }

    /// <inheritdoc/>
    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset < Control || (offset != Fill && offset + (ulong)data.Length > ReadsDone)) return;
        if (offset + (ulong)data.Length > (ulong)_registers.Length) return;
        data.CopyTo(_registers.AsSpan((int)offset));
        if (offset == Fill) FillData();
        if (offset > Control + 3) return;
        var run = (Narrow(Control) & 1) != 0;
        if (run && !_running) Start();
        _running = run;
        Work();
    }

    /// <inheritdoc/>
    protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        _idle[_idleCount++] = context;
        _busy--;
        if (status == CompletionStatus.Successful)
        {
            Add(ReadsDone);
            ReadLatency.Record(Sim.Now - _issued[context]);
            if (Ended.IsObserved) Ended.Emit(Sim.Now, new TrafficTransfer(_issued[context], IsRead: true, data.Length));
        }
        else
        {
            Fail();
        }

        Work();
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        _running = false;
        _busy = 0;
        _pace.Cancel();
        Array.Clear(_registers);
        BinaryPrimitives.WriteUInt32LittleEndian(_registers, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan(TrafficLayout.Bytes), 64);
        BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan(Outstanding), 32);
        FillData();
    }

    private void FillData()
    {
        var fill = Narrow(Fill);
        for (var i = 0; i < _data.Length; i++) _data[i] = fill == 0 ? (byte)(i * 7) : (byte)(fill >> (8 * (i & 3)));
    }

    private void Start()
    {
        _registers.AsSpan(ReadsDone).Clear();
        ReadLatency.Reset();
        _begun = _place = 0;
        if (_busy > 0) return; // slots of the run before come back one by one
        _idleCount = 0;
        for (var slot = MaxOutstanding - 1; slot >= 0; slot--) _idle[_idleCount++] = slot;
    }

    /// <summary>Begins transfers as far as outstanding ones, tags and the transmitter let it.</summary>
    private void Work()
    {
        var pattern = Narrow(Pattern);
        var (reads, writes) = ((pattern & TrafficLayout.Reads) != 0, (pattern & TrafficLayout.Writes) != 0);
        var limit = Math.Clamp((int)Narrow(Outstanding), 1, MaxOutstanding);
        var count = Wide(Count);
        if (!reads && !writes) _running = false;
        while (_running)
        {
            if (count != 0 && _begun == count)
            {
                _running = false;
                return;
            }

            if (reads ? _busy >= limit || _idleCount == 0 : TransmitterIsFull(limit)) return;
            var address = NextAddress();
            _begun++;
            if (writes && !Write(address)) return;
            if (reads && !Read(address)) return;
        }
    }

    private bool Read(ulong address)
    {
        var slot = _idle[--_idleCount];
        _issued[slot] = Sim.Now;
        _busy++;
        if (Dma.Read(address, TransferBytes, slot)) return true;
        _idle[_idleCount++] = slot;
        _busy--;
        return Forbidden();
    }

    private bool Write(ulong address)
    {
        if (!Dma.Write(address, _data.AsSpan(0, TransferBytes))) return Forbidden();
        Add(WritesDone);
        if (Ended.IsObserved) Ended.Emit(Sim.Now, new TrafficTransfer(Sim.Now, IsRead: false, TransferBytes));
        return true;
    }

    /// <summary>Nothing tells a writer that its write has gone: it looks again after the time that one takes.</summary>
    private bool TransmitterIsFull(int limit)
    {
        var transmitter = Device.Transmitter;
        if (transmitter.UndeliveredTlps < limit) return false;
        if (!_pace.IsPending) _pace.ScheduleAfter(transmitter.Rate.TimeFor(TransferBytes));
        return true;
    }

    private bool Forbidden()
    {
        Fail();
        _running = false;
        return false;
    }

    private ulong NextAddress()
    {
        var stride = (ulong)Narrow(Stride);
        if (stride == 0) stride = BitOperations.RoundUpToPowerOf2((uint)TransferBytes);
        var places = Math.Max(1, Wide(WindowSize) / stride);
        var place = (Narrow(Pattern) & RandomOrder) != 0 ? (ulong)_random.NextBelow((long)places) : _place++ % places;
        return Wide(WindowBase) + (place * stride);
    }

    private uint Narrow(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_registers.AsSpan(at));

    private ulong Wide(int at) => BinaryPrimitives.ReadUInt64LittleEndian(_registers.AsSpan(at));

    private void Add(int at) => BinaryPrimitives.WriteUInt64LittleEndian(_registers.AsSpan(at), Wide(at) + 1);

    private void Fail() => BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan(Failed), Narrow(Failed) + 1);
}
