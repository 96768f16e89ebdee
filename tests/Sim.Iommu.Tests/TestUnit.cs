using Sim.Core;
using Sim.Iommu.Vtd;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Tests;

/// <summary>A unit over tables that a test writes into memory entry by entry, and a client that keeps the answers.</summary>
internal sealed class TestUnit : ITranslationClient
{
    public const ulong RootTable = 0x10_0000;
    public const ulong ContextTable = 0x10_1000;
    public const ulong Tables = 0x20_0000;
    public const ulong Queue = 0x12_0000;
    public const ulong Status = 0x12_1000;
    public const ushort Domain = 7;

    public static readonly RoutingId Device = RoutingId.Of(3, 0, 0);

    private readonly Dictionary<int, Translation> _answers = [];
    private readonly Dictionary<int, SimTime> _times = [];
    private ulong _nextTable = Tables + 0x1000;
    private int _slot;

    public TestUnit(VtdOptions? options = null, bool scalable = false, int levels = 4)
    {
        Root = new RootComplex(Sim);
        Unit = new VtdUnit(Root, options);
        (Scalable, Levels) = (scalable, levels);
        if (scalable)
        {
            Write(RootTable + 3 * 16, ContextTable | 1);
            Write(ContextTable, 0x13_0000 | 1);
            Write(0x13_0000, 0x13_1000 | 1);
            WritePasid(PasidEntry.First(PasidType.SecondStage, Tables, levels, accessedDirty: true));
        }
        else
        {
            Write(RootTable + 3 * 16, ContextTable | 1);
            WriteContext(ContextEntry.Legacy(TranslationType.Untranslated, Tables, levels, Domain));
        }

        Unit.Write(VtdRegister.RootTableAddress, RootTable | (scalable ? VtdField.ScalableMode : 0), 8);
        Command(GlobalBits.RootTable);
        Command(GlobalBits.Translation);
    }

    public Simulator Sim { get; } = new();

    public RootComplex Root { get; }

    public VtdUnit Unit { get; }

    public bool Scalable { get; }

    public int Levels { get; }

    public FaultStatusBits FaultStatus => (FaultStatusBits)Unit.Read(VtdRegister.FaultStatus, 4);

    public void Command(GlobalBits bit)
    {
        var standing = (GlobalBits)Unit.Read(VtdRegister.GlobalStatus, 4) & ~(GlobalBits.RootTable | GlobalBits.InterruptTable);
        Unit.Write(VtdRegister.GlobalCommand, (uint)(standing | bit), 4);
    }

    public void Write(ulong address, ulong value) => Root.Memory.WriteValue(address, value, 8);

    public ulong Read(ulong address) => Root.Memory.ReadValue(address, 8);

    public void WriteContext((ulong Low, ulong High) entry)
    {
        Write(ContextTable, entry.Low);
        Write(ContextTable + 8, entry.High);
    }

    public void WritePasid(ulong first)
    {
        Write(0x13_1000, first);
        Write(0x13_1008, Domain);
    }

    /// <summary>Writes an entry of a level, with tables above it that permit everything.</summary>
    /// <returns>Where the entry lies.</returns>
    public ulong Map(ulong iova, ulong entry, int at = 1)
    {
        var table = Tables;
        for (var level = Levels; ; level--)
        {
            var address = table + (ulong)PagingEntry.Index(iova, level) * 8;
            if (level == at)
            {
                Write(address, entry);
                return address;
            }

            if (Read(address) == 0)
            {
                Write(address, _nextTable | 3);
                _nextTable += 0x1000;
            }

            table = Read(address) & PagingEntry.Address;
        }
    }

    /// <summary>Asks, and lets all that this begins run out.</summary>
    public Translation Translate(ulong iova, MemoryAccess access = MemoryAccess.Read, RoutingId? requester = null, int bytes = 4,
        AddressType at = AddressType.Untranslated, uint data = 0)
    {
        var slot = Ask(iova, access, requester, bytes, at, data);
        Sim.Run();
        return _answers[slot];
    }

    /// <summary>Asks; the answer is there at once or later.</summary>
    public int Ask(ulong iova, MemoryAccess access = MemoryAccess.Read, RoutingId? requester = null, int bytes = 4,
        AddressType at = AddressType.Untranslated, uint data = 0)
    {
        var slot = ++_slot;
        var request = new TranslationRequest(requester ?? Device, iova, bytes, access, at, data);
        var translation = Unit.Translate(in request, this, slot);
        if (translation.Status != TranslationStatus.Pending) OnTranslated(slot, in translation);
        return slot;
    }

    /// <summary>When a request was answered, in ns from the start; null if it was not.</summary>
    public long? AnsweredAt(int slot) => _times.TryGetValue(slot, out var time) ? time.Femtoseconds / 1_000_000 : null;

    public Translation Answer(int slot) => _answers[slot];

    public void OnTranslated(int slot, in Translation translation)
    {
        _answers[slot] = translation;
        _times[slot] = Sim.Now;
    }

    /// <summary>Puts descriptors on the queue, with a wait descriptor that writes 1 behind them.</summary>
    public void Invalidate(params (ulong Low, ulong High)[] descriptors)
    {
        if (((GlobalBits)Unit.Read(VtdRegister.GlobalStatus, 4) & GlobalBits.Queue) == 0)
        {
            Unit.Write(VtdRegister.QueueAddress, Queue, 8);
            Command(GlobalBits.Queue);
        }

        Write(Status, 0);
        var tail = Unit.Read(VtdRegister.QueueTail, 8);
        foreach (var (low, high) in descriptors.Append((0x25 | 1ul << 32, Status)))
        {
            Write(Queue + tail, low);
            Write(Queue + tail + 8, high);
            tail = (tail + 16) % 4096;
        }

        Unit.Write(VtdRegister.QueueTail, tail, 8);
    }
}
