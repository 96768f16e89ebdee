using Sim.Core;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>One walk: root, context and (in scalable mode) PASID entries where the context cache has nothing, then the second-stage tables
/// from the lowest that a paging-structure cache knows. One entry a step.</summary>
internal sealed class Walk
{
    private readonly VtdUnit _unit;
    private readonly WalkEngine _engine;
    private readonly SimEvent _step;
    private TranslationRequest _request;
    private Stage _stage;
    private ulong _table;
    private int _level;
    private MemoryAccess _permissions;
    private DomainInfo _domain;
    private ulong _pasid;

    public Walk(VtdUnit unit, WalkEngine engine)
    {
        (_unit, _engine) = (unit, engine);
        _step = new SimEvent(unit.Sim, Step);
    }

    private enum Stage
    {
        Root,
        Context,
        PasidDirectory,
        PasidEntry,
        Paging,
    }

    /// <summary>The miss it works for.</summary>
    public int Miss { get; private set; }

    /// <summary>Whether it runs.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Whether its result may be cached: not once an invalidation came in between.</summary>
    public bool MayFill { get; set; }

    /// <summary>What it found out of the requester's entries.</summary>
    public ref readonly DomainInfo Domain => ref _domain;

    private HostMemory Memory => _unit.Memory;

    public void Begin(int miss, in TranslationRequest request)
    {
        (Miss, IsBusy, MayFill, _request, _domain) = (miss, true, true, request, default);
        if (_unit.TryContext(request.Requester, out var domain) && !domain.PassThrough) Enter(in domain);
        else _stage = Stage.Root;
        _step.ScheduleAfter(_unit.Options.HitLatency + _unit.Options.WalkOverhead + _unit.Options.EntryLatency);
    }

    private void Step()
    {
        _unit.Statistics.EntriesRead++;
        var reason = _stage switch
        {
            Stage.Root => ReadRoot(),
            Stage.Context => ReadContext(),
            Stage.PasidDirectory => ReadPasidDirectory(),
            Stage.PasidEntry => ReadPasidEntry(),
            _ => ReadPaging(),
        };

        // The end of a walk may begin the next one here.
        if (!IsBusy || _step.IsPending) return;
        if (reason != FaultReason.None) End(reason, default);
        else _step.ScheduleAfter(_unit.Options.EntryLatency);
    }

    private void End(FaultReason reason, in IotlbEntry entry)
    {
        IsBusy = false;
        _engine.OnWalked(this, reason, in entry);
    }

    private FaultReason ReadRoot()
    {
        var scalable = _unit.IsScalable;
        var address = _unit.RootTable + (ulong)(_request.Requester.Bus * RootEntry.Bytes);
        if (!Memory.Contains(address, RootEntry.Bytes))
            return scalable ? FaultReason.ScalableRootInaccessible : FaultReason.RootEntryInaccessible;
        var (low, high) = (Memory.ReadValue(address, 8), Memory.ReadValue(address + 8, 8));
        var half = scalable && (_request.Requester.Value & 0x80) != 0 ? high : low;
        if ((half & RootEntry.Present) == 0) return scalable ? FaultReason.ScalableRootNotPresent : FaultReason.RootEntryNotPresent;
        var reserved = 0xFFE | _unit.AboveHostWidth;
        if ((half & reserved) != 0 || (!scalable && high != 0))
            return scalable ? FaultReason.ScalableRootReserved : FaultReason.RootEntryReserved;
        (_stage, _table) = (Stage.Context, half & PagingEntry.Address);
        return FaultReason.None;
    }

    private FaultReason ReadContext() => _unit.IsScalable ? ReadScalableContext() : ReadLegacyContext();

    private FaultReason ReadLegacyContext()
    {
        var address = _table + (ulong)((_request.Requester.Value & 0xFF) * ContextEntry.Bytes);
        if (!Memory.Contains(address, ContextEntry.Bytes)) return FaultReason.ContextEntryInaccessible;
        var (low, high) = (Memory.ReadValue(address, 8), Memory.ReadValue(address + 8, 8));
        var (type, levels) = (ContextEntry.TypeOf(low), ContextEntry.LevelsOf(high));
        var domain = new DomainInfo(ContextEntry.DomainOf(high), low & PagingEntry.Address, levels, type == TranslationType.PassThrough,
            false, (low & ContextEntry.FaultDisable) != 0, false);
        _domain = domain;
        if ((low & ContextEntry.Present) == 0) return FaultReason.ContextEntryNotPresent;
        if ((low & (ContextEntry.LegacyReservedLow | _unit.AboveHostWidth)) != 0 || (high & ContextEntry.LegacyReservedHigh) != 0)
            return FaultReason.ContextEntryReserved;
        if (!_unit.SupportsLevels(levels) || type is not (TranslationType.Untranslated or TranslationType.PassThrough))
            return FaultReason.ContextEntryInvalid;
        return Found(in domain);
    }

    private FaultReason ReadScalableContext()
    {
        var address = _table + (ulong)((_request.Requester.Value & 0x7F) * ContextEntry.ScalableBytes);
        if (!Memory.Contains(address, ContextEntry.ScalableBytes)) return FaultReason.ScalableContextInaccessible;
        var (first, second) = (Memory.ReadValue(address, 8), Memory.ReadValue(address + 8, 8));
        _domain = _domain with { FaultDisable = (first & ContextEntry.FaultDisable) != 0 };
        if ((first & ContextEntry.Present) == 0) return FaultReason.ScalableContextNotPresent;
        var upper = Memory.ReadValue(address + 16, 8) | Memory.ReadValue(address + 24, 8);
        if ((first & (ContextEntry.ScalableReservedLow | _unit.AboveHostWidth)) != 0
            || (second & ContextEntry.ScalableReservedHigh) != 0 || upper != 0) return FaultReason.ScalableContextReserved;
        var pasid = second & 0xF_FFFF;
        var directoryEntries = 1ul << (int)(first >> 9 & 7) + 7;
        if (pasid / PasidEntry.PerTable >= directoryEntries) return FaultReason.ScalableContextInvalid;
        _pasid = pasid;
        (_stage, _table) = (Stage.PasidDirectory, first & PagingEntry.Address);
        return FaultReason.None;
    }

    private FaultReason ReadPasidDirectory()
    {
        var address = _table + _pasid / PasidEntry.PerTable * PasidEntry.DirectoryBytes;
        if (!Memory.Contains(address, PasidEntry.DirectoryBytes)) return FaultReason.PasidDirectoryInaccessible;
        var entry = Memory.ReadValue(address, 8);
        _domain = _domain with { FaultDisable = _domain.FaultDisable || (entry & PasidEntry.FaultDisable) != 0 };
        if ((entry & PasidEntry.Present) == 0) return FaultReason.PasidDirectoryNotPresent;
        (_stage, _table) = (Stage.PasidEntry, entry & PagingEntry.Address);
        return FaultReason.None;
    }

    private FaultReason ReadPasidEntry()
    {
        var address = _table + _pasid % PasidEntry.PerTable * PasidEntry.Bytes;
        if (!Memory.Contains(address, PasidEntry.Bytes)) return FaultReason.PasidEntryInaccessible;
        var (first, second) = (Memory.ReadValue(address, 8), Memory.ReadValue(address + 8, 8));
        var (type, levels) = (PasidEntry.TypeOf(first), PasidEntry.LevelsOf(first));
        var faultDisable = _domain.FaultDisable || (first & PasidEntry.FaultDisable) != 0;
        var domain = new DomainInfo((ushort)second, first & PagingEntry.Address, levels, type == PasidType.PassThrough,
            (first & PasidEntry.AccessedDirty) != 0, faultDisable, true);
        _domain = domain;
        if ((first & PasidEntry.Present) == 0) return FaultReason.PasidEntryNotPresent;
        if (!_unit.SupportsLevels(levels) || type is not (PasidType.SecondStage or PasidType.PassThrough))
            return FaultReason.PasidEntryInvalid;
        return Found(in domain);
    }

    private FaultReason Found(in DomainInfo domain)
    {
        if (MayFill) _unit.CacheContext(_request.Requester, in domain);
        if (domain.PassThrough) End(FaultReason.None, VtdUnit.PassThrough(_request.Address));
        else Enter(in domain);
        return FaultReason.None;
    }

    private void Enter(in DomainInfo domain)
    {
        _domain = domain;
        _stage = Stage.Paging;
        var start = _unit.Structures.Deepest(in domain, _request.Address);
        var needed = VtdUnit.Needed(in _request, start.Permissions);

        // Which entry refuses is only seen from the top.
        if ((start.Permissions & needed) != needed) start = new TablePointer(domain.Table, domain.Levels, MemoryAccess.ReadWrite);
        (_table, _level, _permissions) = (start.Table, start.Level, start.Permissions);
    }

    private FaultReason ReadPaging()
    {
        if (_unit.CheckWidth(in _domain, _request.Address) is var beyond and not FaultReason.None) return beyond;
        var scalable = _domain.IsScalable;
        var address = _table + (ulong)(PagingEntry.Index(_request.Address, _level) * PagingEntry.Bytes);
        if (!Memory.Contains(address, PagingEntry.Bytes))
        {
            // An unreadable top table is the context entry's fault, where there is none of the paging entries above it.
            return scalable ? FaultReason.SecondStageInaccessible
                : _level == _domain.Levels ? FaultReason.ContextEntryInvalid : FaultReason.PagingEntryInaccessible;
        }

        var entry = Memory.ReadValue(address, 8);
        var needed = VtdUnit.Needed(in _request, (MemoryAccess)(entry & 3));
        if ((entry & (ulong)needed) != (ulong)needed) return NotPermitted(needed, entry);
        var isLeaf = _level == 1 || (entry & PagingEntry.Large) != 0;
        if ((entry & _unit.ReservedOf(_level, isLeaf)) != 0)
            return scalable ? FaultReason.SecondStageReserved : FaultReason.PagingEntryReserved;
        var permissions = _permissions & (MemoryAccess)(entry & 3);
        if (_domain.AccessedDirty) SetAccessedDirty(address, ref entry, isLeaf);
        if (!isLeaf)
        {
            (_table, _permissions) = (entry & PagingEntry.Address, permissions);
            _level--;
            if (MayFill) _unit.Structures.Insert(_domain.Domain, _request.Address, new TablePointer(_table, _level, permissions));
            return FaultReason.None;
        }

        var page = entry & PagingEntry.Address & ~((1ul << PagingEntry.Shift(_level)) - 1);
        var translation = new IotlbEntry(page, _level, permissions, (entry & PagingEntry.Dirty) != 0);
        if (scalable && InterruptController.IsInterrupt(VtdUnit.Apply(in translation, _request.Address)))
            return FaultReason.TranslatedToInterruptRange;
        if (MayFill) _unit.Cache(_domain.Domain, _request.Address, in translation);
        End(FaultReason.None, in translation);
        return FaultReason.None;
    }

    private FaultReason NotPermitted(MemoryAccess needed, ulong entry)
    {
        if (_domain.IsScalable) return FaultReason.SecondStageNotPermitted;
        var missing = needed & ~(MemoryAccess)(entry & 3);
        return (missing & MemoryAccess.Write) != 0 ? FaultReason.WriteNotPermitted : FaultReason.ReadNotPermitted;
    }

    private void SetAccessedDirty(ulong address, ref ulong entry, bool isLeaf)
    {
        var wanted = entry | PagingEntry.Accessed;
        if (isLeaf && (_request.Access & MemoryAccess.Write) != 0) wanted |= PagingEntry.Dirty;
        if (wanted == entry) return;
        entry = wanted;
        Memory.WriteValue(address, entry, 8);
    }
}
