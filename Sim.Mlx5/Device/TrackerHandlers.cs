using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>CREATE, MODIFY, QUERY and DESTROY_GENERAL_OBJECT: a PF's page trackers are the general objects there are.</summary>
internal static class TrackerHandlers
{
    /// <summary>log2 of the smallest and largest page that is logged.</summary>
    public const int LogMinPage = 12, LogMaxPage = 21;

    /// <summary>log2 of the shortest and longest message of a report.</summary>
    public const int LogMinMessage = 6, LogMaxMessage = 12;

    /// <summary>log2 of the least and most that all ranges of a tracker have together.</summary>
    public const int LogMinSpace = 12, LogMaxSpace = 36;

    public static CommandStatus? Create(CommandCall call)
    {
        if (Trackers(call, out var pf, out var status) is not { } trackers) return status;
        var context = call.Input[GeneralObject.Context..];
        var count = (int)PageTrack.RangeCount.Get(context);
        if (context.Length < PageTrack.Size + (count * PageTrack.RangeSize)) return BadInputLength;
        if (pf.VirtualFunctionById(PageTrack.VhcaId.Get(context)) is not { } vf) return BadResource;
        if (PageTrack.Type.Get(context) != PageTrack.LogPages || count == 0) return BadParameter;
        if (count > pf.Options.TrackerRanges) return LimitExceeded;
        if (!IsIn(PageTrack.LogPageSize.Get(context), LogMinPage, LogMaxPage)
            || !IsIn(PageTrack.LogMessageSize.Get(context), LogMinMessage, LogMaxMessage)
            || !IsIn(PageTrack.LogAddressSpace.Get(context), LogMinSpace, LogMaxSpace)) return BadParameter;
        if (!AreRanges(context, count)) return BadParameter;
        if (pf.Vhca.Qps[PageTrack.ReportingQp.Get(context)] is not { } qp) return BadResource;
        if (qp.State != QpState.ReadyToSend) return BadQpState;
        if (vf.Tracker is not null) return ResourceBusy;
        PageTrack.State.Set(context, (uint)PageTrackState.Tracking);
        if (trackers.Add(new PageTracker(vf, context)) is not { } id) return NoResources;
        GeneralObject.Id.Set(call.Output, id);
        return Ok;
    }

    public static CommandStatus? Modify(CommandCall call)
    {
        if (Find(call, out var pf, out var status) is not { } tracker) return status;
        var context = call.Input[GeneralObject.Context..];
        if (PageTrack.FieldSelect.Get(context) != (PageTrack.SelectState | PageTrack.SelectRange)) return BadParameter;
        if (PageTrack.State.Get(context) != (uint)PageTrackState.Reporting) return BadParameter;
        var (start, length) = (PageTrack.RangeStart.Get(context), PageTrack.RangeLength.Get(context));
        if (length == 0 || start > ulong.MaxValue - length) return BadParameter;
        if (tracker.State == PageTrackState.Reporting) return BadResourceState;
        if (tracker.State == PageTrackState.Tracking) tracker.State = PageTrackState.Reporting;
        (tracker.Report ??= new PageReport(pf, tracker)).Begin(start, length);
        return Ok;
    }

    public static CommandStatus? Query(CommandCall call)
    {
        if (Find(call, out _, out var status) is not { } tracker) return status;
        tracker.Context.AsSpan(0, PageTrack.Size).CopyTo(call.Output[GeneralObject.Context..]);
        return Ok;
    }

    public static CommandStatus? Destroy(CommandCall call)
    {
        if (Trackers(call, out _, out var status) is not { } trackers) return status;
        return trackers.Remove(GeneralObject.Id.Get(call.Input)) ? Ok : BadResource;
    }

    private static bool AreRanges(ReadOnlySpan<byte> context, int count)
    {
        var total = 0UL;
        for (var i = 0; i < count; i++)
        {
            var at = PageTrack.Ranges + (i * PageTrack.RangeSize);
            var (start, length) = (new QwordField(at).Get(context), new QwordField(at + 8).Get(context));
            if (length == 0 || start > ulong.MaxValue - length || length > (1UL << LogMaxSpace)) return false;
            total += length;
        }

        return total <= 1UL << LogMaxSpace;
    }

    private static bool IsIn(uint value, int low, int high) => value >= low && value <= high;

    private static PageTracker? Find(CommandCall call, out Mlx5PhysicalFunction pf, out CommandStatus status)
    {
        if (Trackers(call, out pf, out status) is not { } trackers) return null;
        status = BadResource;
        return trackers[GeneralObject.Id.Get(call.Input)];
    }

    private static PageTrackers? Trackers(CommandCall call, out Mlx5PhysicalFunction pf, out CommandStatus status)
    {
        pf = (call.Function as Mlx5PhysicalFunction)!;
        status = pf is null || !pf.Options.PageTracking ? BadOperation
            : GeneralObject.Type.Get(call.Input) != GeneralObject.PageTrack ? BadParameter
            : Ok;
        return status == Ok ? pf!.Trackers : null;
    }
}
