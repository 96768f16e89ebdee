using System.Runtime.CompilerServices;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>A device write that was permitted: the ground truth that dirty tracking is held against.</summary>
/// <param name="Requester">Who wrote.</param>
/// <param name="Domain">Domain Identifier it was translated in.</param>
/// <param name="Address">Untranslated address of the first byte.</param>
/// <param name="Bytes">How many; they stay within 4 KiB.</param>
public readonly record struct TranslatedWrite(RoutingId Requester, ushort Domain, ulong Address, int Bytes);

/// <summary>
/// A VT-d remapping hardware unit: registers, tables in host memory, caches, walkers, faults, queued invalidation and interrupt remapping.
/// Translation is off until software sets it up and on. A hit allocates nothing and needs no event; a miss is a walk.
/// </summary>
public sealed partial class VtdUnit : ITranslationAgent
{
    private const int ContextWays = 4;
    private const int GuestAddressLimit = 57;

    private readonly Iotlb _iotlb;
    private readonly SetAssociativeCache<DomainInfo> _contexts;
    private readonly WalkEngine _walks;
    private readonly FaultRecorder _recorder;
    private readonly InvalidationQueue _queue;
    private readonly InterruptRemapper _remapper;
    private readonly RegisterFile _registers = new();
    private bool _translates;
    private bool _remapsInterrupts;

    /// <summary>Makes a unit, in its state after reset.</summary>
    /// <param name="root">Whose memory it walks and whose interrupt controller its events go to.</param>
    /// <param name="options">What it has and costs.</param>
    public VtdUnit(RootComplex root, VtdOptions? options = null)
    {
        Options = options ?? new VtdOptions();
        Sim = root.Sim;
        Memory = root.Memory;
        _iotlb = new Iotlb(Options, Sim.GetRandomStream("iommu/iotlb"));
        _contexts = new SetAssociativeCache<DomainInfo>(Options.ContextCacheEntries, ContextWays);
        Structures = new StructureCaches(Options.StructureCacheEntries);
        _recorder = new FaultRecorder(_registers, Options, root.Interrupts);
        _queue = new InvalidationQueue(this, Sim, _registers, Memory);
        _remapper = new InterruptRemapper(Memory, Options);
        _walks = new WalkEngine(this);
        ResetRegisters();
    }

    /// <summary>What it has and costs.</summary>
    public VtdOptions Options { get; }

    /// <summary>Every fault, whatever the registers had room for.</summary>
    public FaultLog Faults { get; } = new();

    /// <summary>What it did, counted.</summary>
    public VtdStatistics Statistics { get; } = new();

    /// <summary>Every permitted device write that was translated.</summary>
    public Probe<TranslatedWrite> Written { get; } = new();

    /// <summary>The engine.</summary>
    public Simulator Sim { get; }

    internal HostMemory Memory { get; }

    internal StructureCaches Structures { get; }

    internal ulong RootTable { get; private set; }

    internal bool IsScalable { get; private set; }

    /// <summary>Address bits that no table may set.</summary>
    internal ulong AboveHostWidth => PagingEntry.Address & ~((1ul << Options.HostAddressWidth) - 1) | 0xFFF0_0000_0000_0000;

    /// <inheritdoc/>
    public Translation Translate(in TranslationRequest request, ITranslationClient client, int slot)
    {
        if (InterruptController.IsInterrupt(request.Address) && request.Access == MemoryAccess.Write) return RemapInterrupt(in request);
        if (!_translates) return Translation.To(request.Address);
        if (request.At != AddressType.Untranslated)
        {
            // No requester may use ATS: Extended Capability.DT is clear.
            return Refuse(in request, IsScalable ? FaultReason.ScalableTranslationBlocked : FaultReason.TranslationBlocked);
        }

        if (TryContext(request.Requester, out var domain))
        {
            if (domain.PassThrough) return Translation.To(request.Address, Options.HitLatency);
            if (CheckWidth(in domain, request.Address) is var beyond and not FaultReason.None)
                return domain.FaultDisable ? Translation.Refuse(Options.HitLatency) : Refuse(in request, beyond);
            if (TryHit(in request, in domain, out var entry))
            {
                Statistics.Hits++;
                if (Written.IsObserved) ShowWrite(in request, domain.Domain);
                return Translation.To(Apply(in entry, request.Address), Options.HitLatency);
            }
        }

        Statistics.Misses++;
        _walks.Begin(in request, client, slot);
        return Translation.Pending;
    }

    /// <summary>Whether a translation gives a request all it needs: permission and, for a write under dirty tracking, a dirty bit that is
    /// known to be set.</summary>
    internal static bool Satisfies(in IotlbEntry entry, in TranslationRequest request, bool accessedDirty)
    {
        var needed = Needed(in request, entry.Permissions);
        return (entry.Permissions & needed) == needed
            && (!accessedDirty || entry.KnownDirty || (request.Access & MemoryAccess.Write) == 0);
    }

    /// <summary>The permissions a request needs; a zero-length read is content with either (Capability.ZLR).</summary>
    internal static MemoryAccess Needed(in TranslationRequest request, MemoryAccess offered) =>
        request.Bytes == 0 && request.Access == MemoryAccess.Read && offered == MemoryAccess.Write ? MemoryAccess.Write : request.Access;

    internal static ulong Apply(in IotlbEntry entry, ulong address) =>
        entry.Page | address & ((1ul << PagingEntry.Shift(entry.Level)) - 1);

    /// <summary>The answer of a requester whose requests pass.</summary>
    internal static IotlbEntry PassThrough(ulong address) => new(address & ~0xFFFul, 1, MemoryAccess.ReadWrite, true);

    internal bool TryContext(RoutingId requester, out DomainInfo domain)
    {
        ref var cached = ref _contexts.Find(requester.Value, requester.Value);
        domain = Unsafe.IsNullRef(ref cached) ? default : cached;
        return !Unsafe.IsNullRef(ref cached);
    }

    internal void CacheContext(RoutingId requester, in DomainInfo domain) => _contexts.Insert(requester.Value, requester.Value, in domain);

    internal void Cache(ushort domain, ulong iova, in IotlbEntry entry) => _iotlb.Insert(domain, iova, in entry);

    /// <summary>Whether the caches hold all that a request needs.</summary>
    internal bool TryHit(in TranslationRequest request, out IotlbEntry entry, out ushort id)
    {
        (entry, id) = (default, 0);
        if (!TryContext(request.Requester, out var domain)) return false;
        id = domain.Domain;
        if (!domain.PassThrough) return TryHit(in request, in domain, out entry);
        entry = PassThrough(request.Address);
        return true;
    }

    internal FaultReason CheckWidth(in DomainInfo domain, ulong address)
    {
        var width = Math.Min(PagingEntry.Shift(domain.Levels + 1), Math.Min(Options.GuestAddressWidth, GuestAddressLimit));
        if (address >> width == 0) return FaultReason.None;
        return domain.IsScalable ? FaultReason.ScalableAddressBeyondWidth : FaultReason.AddressBeyondWidth;
    }

    internal bool SupportsLevels(int levels) => levels == 3 || (levels == 4 && Options.FourLevels);

    /// <summary>Reserved bits of a paging entry: addresses beyond the host's, bits 11 (no Snoop Control) and 62 (no device TLBs), in a
    /// large
    /// page the address bits below it, and Page Size where there is none.</summary>
    internal ulong ReservedOf(int level, bool isLeaf)
    {
        var reserved = AboveHostWidth & PagingEntry.Address | PagingEntry.Snoop | 1ul << 62;
        if (level > 1 && isLeaf) reserved |= (1ul << PagingEntry.Shift(level)) - 1 & PagingEntry.Address;
        if (level > 3 || (level > 1 && !Options.LargePages)) reserved |= PagingEntry.Large;
        return reserved;
    }

    /// <summary>The answer to a miss, with its fault recorded or its write shown.</summary>
    internal Translation Conclude(
        in TranslationRequest request, FaultReason reason, in IotlbEntry entry, bool faultDisabled, ushort domain)
    {
        if (reason != FaultReason.None)
        {
            if (faultDisabled && IsQualified(reason)) return Translation.Refuse();
            return Refuse(in request, reason);
        }

        if (Written.IsObserved) ShowWrite(in request, domain);
        return Translation.To(Apply(in entry, request.Address));
    }

    private bool TryHit(in TranslationRequest request, in DomainInfo domain, out IotlbEntry entry)
    {
        ref var found = ref _iotlb.Find(domain.Domain, request.Address);
        entry = Unsafe.IsNullRef(ref found) ? default : found;
        return !Unsafe.IsNullRef(ref found) && Satisfies(in entry, in request, domain.AccessedDirty);
    }

    /// <summary>Whether Fault Processing Disable of the entries keeps a fault from being recorded (VT-d §7.1.3).</summary>
    private static bool IsQualified(FaultReason reason) => reason is not (FaultReason.RootEntryNotPresent
        or FaultReason.RootEntryInaccessible or FaultReason.ContextEntryInaccessible or FaultReason.RootEntryReserved
        or FaultReason.ContextEntryReserved or FaultReason.ScalableRootInaccessible or FaultReason.ScalableRootNotPresent
        or FaultReason.ScalableRootReserved or FaultReason.ScalableContextInaccessible or FaultReason.ScalableContextReserved);

    private Translation RemapInterrupt(in TranslationRequest request)
    {
        if (!_remapsInterrupts) return Translation.To(request.Address, data: request.Data);
        var passes = (_registers[VtdRegister.GlobalStatus] & (uint)GlobalBits.CompatibilityFormat) != 0;
        var reason = _remapper.Remap(in request, passes, out var data, out var index, out var faultDisabled);
        if (reason == FaultReason.None) return Translation.To(request.Address, data: data);
        if (!faultDisabled) Record(in request, (ulong)index << 48, reason);
        return Translation.Refuse();
    }

    private Translation Refuse(in TranslationRequest request, FaultReason reason)
    {
        Record(in request, request.Address & ~0xFFFul, reason);
        return Translation.Refuse(Options.HitLatency);
    }

    private void Record(in TranslationRequest request, ulong information, FaultReason reason)
    {
        var isWrite = (request.Access & MemoryAccess.Write) != 0;
        var address = (byte)reason is >= 0x20 and < 0x30 ? information : request.Address;
        _recorder.Record(request.Requester, information, isWrite, reason);
        Faults.Record(new FaultRecord(Sim.Now, request.Requester, address, isWrite, reason));
    }

    private void ShowWrite(in TranslationRequest request, ushort domain)
    {
        if ((request.Access & MemoryAccess.Write) != 0)
            Written.Emit(Sim.Now, new TranslatedWrite(request.Requester, domain, request.Address, request.Bytes));
    }
}
