using System.Buffers.Binary;
using System.Numerics;
using Sim.Mlx5.Spec;
using Sim.Vfio;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>
/// The DMA write log of a VF: a page tracker object of the PF that reports over an RC connection between two QPs of the PF. Firmware is
/// the requester; the driver's QP has a ring of receive buffers. An error is sticky: whoever reads after it is told to take all memory
/// as dirty.
/// </summary>
internal sealed class Mlx5DirtyLog(Mlx5PfDriver pf, ushort vhcaId, VhcaBuffer.Executor execute) : IDirtyLogDriver
{
    private TrackerRing? _ring;
    private uint _tracker;
    private ulong _pageBytes;
    private bool _failed;

    /// <inheritdoc/>
    public async Task<(Errno Error, ulong PageBytes)> StartLogAsync(IReadOnlyList<IovaRange> ranges, ulong pageBytes)
    {
        if (_ring is not null) return (Errno.EINVAL, pageBytes);
        try
        {
            const uint page = (HcaCapabilities.AdvancedVirtualizationType << 1) | HcaCapabilities.Current;
            var capabilities = await execute(
                CommandInput.Of(CommandOpcode.QueryHcaCap, page), HcaCommands.Capability + HcaCapabilities.Size);
            var limits = capabilities.AsSpan(HcaCommands.Capability);
            var logPage = Math.Clamp(
                (uint)BitOperations.Log2(pageBytes), PageTrack.LogMinPageSize.Get(limits), PageTrack.LogMaxPageSize.Get(limits));
            var merged = RangeMerge.ToAtMost(ranges, (int)PageTrack.MaxRanges.Get(limits));
            var logSpace = (uint)BitOperations.Log2(merged.Aggregate(0UL, (sum, range) => sum + range.Length));
            if (logSpace < PageTrack.LogMinAddressSpace.Get(limits) || logSpace > PageTrack.LogMaxAddressSpace.Get(limits))
                return (Errno.EOPNOTSUPP, pageBytes);
            _failed = false;
            _ring = await TrackerRing.OpenAsync(pf, execute);
            _tracker = GeneralObject.Id.Get(await execute(CreateInput(merged, logPage, logSpace)));
            return (Errno.None, _pageBytes = 1UL << (int)logPage);
        }
        catch (MigrationStepException failure)
        {
            await CloseRingAsync();
            return (failure.Error, pageBytes);
        }
    }

    /// <inheritdoc/>
    public async Task<Errno> StopLogAsync()
    {
        if (_ring is null) return Errno.None;
        try
        {
            var input = CommandInput.Of(CommandOpcode.DestroyGeneralObject, GeneralObject.PageTrack);
            GeneralObject.Id.Set(input, _tracker);
            await execute(input);
        }
        catch (MigrationStepException)
        {
            // The PF is gone, and the tracker with it.
        }

        await CloseRingAsync();
        return Errno.None;
    }

    /// <inheritdoc/>
    public async Task<Errno> ReadAndClearLogAsync(DirtyBitmap dirty)
    {
        if (_ring is not { } ring) return Errno.EINVAL;
        try
        {
            var input = CommandInput.Of(
                CommandOpcode.ModifyGeneralObject, GeneralObject.PageTrack, GeneralObject.Context + PageTrack.Size);
            GeneralObject.Id.Set(input, _tracker);
            var context = input.AsSpan(GeneralObject.Context);
            PageTrack.FieldSelect.Set(context, PageTrack.SelectState | PageTrack.SelectRange);
            PageTrack.State.Set(context, (uint)PageTrackState.Reporting);
            PageTrack.RangeStart.Set(context, dirty.Range.Iova);
            PageTrack.RangeLength.Set(context, dirty.Range.Length);
            if (!_failed) await execute(input);
            var state = PageTrackState.Reporting;
            while (state == PageTrackState.Reporting && !_failed)
            {
                if (await ring.NextAsync() is not { } report) _failed = true;
                else state = Take(report, dirty);
            }

            _failed |= state == PageTrackState.Error;
        }
        catch (MigrationStepException failure)
        {
            return failure.Error;
        }

        return _failed ? Errno.EIO : Errno.None;
    }

    private PageTrackState Take(TrackerReport report, DirtyBitmap dirty)
    {
        for (var at = 0; at + PageTrack.EntrySize <= report.Entries.Length; at += PageTrack.EntrySize)
            dirty.Set(BinaryPrimitives.ReadUInt64BigEndian(report.Entries.AsSpan(at)), _pageBytes);
        return report.State;
    }

    private byte[] CreateInput(IReadOnlyList<IovaRange> ranges, uint logPage, uint logSpace)
    {
        var input = CommandInput.Of(CommandOpcode.CreateGeneralObject, GeneralObject.PageTrack,
            GeneralObject.Context + PageTrack.Size + (ranges.Count * PageTrack.RangeSize));
        var context = input.AsSpan(GeneralObject.Context);
        PageTrack.VhcaId.Set(context, vhcaId);
        PageTrack.Type.Set(context, PageTrack.LogPages);
        PageTrack.LogAddressSpace.Set(context, logSpace);
        PageTrack.LogPageSize.Set(context, logPage);
        PageTrack.LogMessageSize.Set(context, (uint)BitOperations.Log2(TrackerRing.MessageBytes));
        PageTrack.ReportingQp.Set(context, _ring!.FirmwareQp);
        PageTrack.RangeCount.Set(context, (uint)ranges.Count);
        for (var i = 0; i < ranges.Count; i++)
        {
            var at = PageTrack.Ranges + (i * PageTrack.RangeSize);
            new QwordField(at).Set(context, ranges[i].Iova);
            new QwordField(at + 8).Set(context, ranges[i].Length);
        }

        return input;
    }

    private async Task CloseRingAsync()
    {
        if (_ring is { } ring) await ring.CloseAsync();
        _ring = null;
    }
}
