using System.Buffers.Binary;
using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>The initialization segment of one function. Counters are functions of time: they cost no event.</summary>
internal sealed class InitSegmentRegisters(Mlx5Function function, Mlx5Options options)
{
    private const uint TimeoutMilliseconds = 60_000;
    private const uint CounterMask = 0xFF_FFFF;
    private const long FemtosecondsPerNanosecond = 1_000_000;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private SimTime? _frozen;
    private uint? _stoppedCounter;

    /// <summary>Internal timer: 1 GHz since the simulation began.</summary>
    public ulong Timer => (ulong)(Time.Femtoseconds / FemtosecondsPerNanosecond);

    public ulong CommandQueue { get; private set; }

    public NicInterface Interface { get; private set; }

    public HealthSyndrome Syndrome { get; private set; }

    private SimTime Time => _frozen ?? function.Sim.Now;

    private uint HealthCounter => _stoppedCounter ?? (uint)(Time.Femtoseconds / options.HealthPeriod.Femtoseconds) & CounterMask;

    /// <summary>Registers keep the values of this moment, for reads of a stopped function that return them.</summary>
    public void Freeze() => _frozen = function.Sim.Now;

    /// <summary>Registers live again.</summary>
    public void Thaw() => _frozen = null;

    /// <summary>The firmware fails: the syndrome shows, and the health counter stands still.</summary>
    public void Fail(HealthSyndrome syndrome)
    {
        if (Syndrome != HealthSyndrome.None) return;
        Syndrome = syndrome;
        _stoppedCounter = HealthCounter;
    }

    public void Reset()
    {
        CommandQueue = 0;
        Interface = NicInterface.FullDriver;
        Syndrome = HealthSyndrome.None;
        _stoppedCounter = null;
        Thaw();
    }

    public void Save(BinaryWriter image)
    {
        image.Write(CommandQueue);
        image.Write((byte)Interface);
    }

    public void Load(BinaryReader image)
    {
        CommandQueue = image.ReadUInt64();
        Interface = (NicInterface)image.ReadByte();
    }

    public void Read(int offset, Span<byte> destination)
    {
        Span<byte> dword = stackalloc byte[4];
        for (var i = 0; i < destination.Length;)
        {
            var skip = (offset + i) & 3;
            BinaryPrimitives.WriteUInt32BigEndian(dword, ReadRegister((offset + i) & ~3));
            var n = Math.Min(4 - skip, destination.Length - i);
            dword.Slice(skip, n).CopyTo(destination[i..]);
            i += n;
        }
    }

    /// <summary>Writes whole registers; a write of part of one does nothing.</summary>
    public void Write(int offset, ReadOnlySpan<byte> data)
    {
        if ((offset & 3) != 0) return;
        for (; data.Length >= 4; data = data[4..], offset += 4) WriteRegister(offset, BinaryPrimitives.ReadUInt32BigEndian(data));
    }

    private uint ReadRegister(int offset) => offset switch
    {
        InitSegment.FirmwareRevision => ((uint)options.FirmwareMinor << 16) | (uint)options.FirmwareMajor,
        InitSegment.CommandInterfaceRevision => (InitSegment.SupportedInterfaceRevision << 16) | (uint)options.FirmwareSubminor,
        InitSegment.CommandQueueHigh => (uint)(CommandQueue >> 32),
        InitSegment.CommandQueueLow =>
            (uint)CommandQueue | ((uint)Interface << 8) | (InitSegment.LogCommandEntries << 4) | InitSegment.LogCommandStride,
        InitSegment.CommandDoorbell => function.Commands.Waiting,
        InitSegment.Initializing => function.IsReady ? 0 : 1u << 31,
        HealthBuffer.FirmwareVersion =>
            ((uint)options.FirmwareMajor << 28) | ((uint)options.FirmwareMinor << 16) | (uint)options.FirmwareSubminor,
        HealthBuffer.HardwareId => 0x0218,
        HealthBuffer.Syndrome => (uint)Syndrome << 16,
        InitSegment.CommandTimeout or InitSegment.CommandQueueInitTimeout => TimeoutMilliseconds,
        InitSegment.InternalTimerHigh => (uint)(Timer >> 32),
        InitSegment.InternalTimerLow => (uint)Timer,
        InitSegment.HealthCounter => HealthCounter,
        InitSegment.RealTimeHigh => (uint)(Timer / NanosecondsPerSecond),
        InitSegment.RealTimeLow => (uint)(Timer % NanosecondsPerSecond),
        _ => 0,
    };

    private void WriteRegister(int offset, uint value)
    {
        switch (offset)
        {
            case InitSegment.CommandQueueHigh:
                CommandQueue = (uint)CommandQueue | ((ulong)value << 32);
                break;
            case InitSegment.CommandQueueLow:
                CommandQueue = (CommandQueue & ~0xFFFF_FFFFUL) | (value & ~0xFFFu);
                Interface = (NicInterface)((value >> 8) & 7);
                break;
            case InitSegment.CommandDoorbell:
                if (Interface == NicInterface.FullDriver) function.Commands.Ring(value);
                break;
        }
    }
}
