using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>
/// Commands by which a PF suspends, resumes, saves and loads its VFs. Which states allow which command is this model's reading; the host
/// software
/// asks for them in an order that is always allowed.
/// </summary>
internal static class VhcaHandlers
{
    public static CommandStatus? Suspend(CommandCall call)
    {
        if (Find(call, out var status) is not { } vf) return status;
        switch (call.OpMod)
        {
            case VhcaCommands.SuspendInitiator:
                if (vf.InitiatorStopping) return BadResourceState;
                vf.SuspendInitiator(() => call.Finish(Ok));
                return null;
            case VhcaCommands.SuspendResponder:
                if (!vf.InitiatorSuspended || vf.ResponderSuspended) return BadResourceState;
                vf.SuspendResponder();
                return Ok;
            default:
                return BadOperation;
        }
    }

    public static CommandStatus? Resume(CommandCall call)
    {
        if (Find(call, out var status) is not { } vf) return status;
        switch (call.OpMod)
        {
            case VhcaCommands.ResumeResponder:
                if (!vf.ResponderSuspended || vf.Chunks.IsLoading) return BadResourceState;
                vf.ResumeResponder();
                return Ok;
            case VhcaCommands.ResumeInitiator:
                if (vf.ResponderSuspended || !vf.InitiatorSuspended) return BadResourceState;
                vf.ResumeInitiator();
                return Ok;
            default:
                return BadOperation;
        }
    }

    public static CommandStatus? Query(CommandCall call)
    {
        if (Find(call, out var status) is not { } vf) return status;
        var incremental = VhcaCommands.Incremental.IsSet(call.Input);
        var (inChunks, most) = (VhcaCommands.Chunk.IsSet(call.Input), call.Function.Options.ImageChunk);
        if (call.OpMod != 0 || (inChunks && most == 0)) return BadParameter;
        if (incremental && !vf.IsTracked) return BadResourceState;
        var size = incremental && !vf.HasChanged ? 0 : (uint)vf.Capture(incremental).Image.Length;
        vf.Chunks.IsOn = inChunks;
        VhcaCommands.RequiredSize.Set(call.Output, inChunks ? Math.Min(size, (uint)most) : size);
        VhcaCommands.RemainingTotal.Set(call.Output, size);
        return Ok;
    }

    public static CommandStatus? Save(CommandCall call)
    {
        if (Find(call, out var status) is not { } vf) return status;
        if (call.OpMod != 0) return BadOperation;
        var (incremental, track) = (VhcaCommands.Incremental.IsSet(call.Input), VhcaCommands.SetTrack.IsSet(call.Input));
        if (incremental && vf.Chunks.HasMore) return SavePiece(call, vf, () => { });
        if ((incremental || track) && !call.Function.Options.IncrementalImages) return BadParameter;

        // Tracking cannot be begun or kept on a stopped VF; without it a running VF can only end its series.
        if (incremental && !vf.IsTracked) return BadResourceState;
        if (track ? vf.ResponderSuspended : !vf.ResponderSuspended && !vf.IsTracked) return BadResourceState;
        var (image, state) = vf.Capture(incremental);
        if (vf.Chunks.IsOn)
        {
            vf.Chunks.Begin(image);
            return SavePiece(call, vf, () => vf.OnImageSaved(state, incremental, track));
        }

        if (VhcaCommands.ImageSize.Get(call.Input) < (uint)image.Length) return LimitExceeded;
        return Transfer(call, image, Mkey.Right.LocalWrite, isLoad: false, saved =>
        {
            vf.OnImageSaved(state, incremental, track);
            VhcaCommands.ActualSize.Set(call.Output, (uint)saved.Length);
            return Ok;
        });
    }

    public static CommandStatus? Load(CommandCall call)
    {
        if (Find(call, out var status) is not { } vf) return status;
        if (call.OpMod != 0) return BadOperation;
        if (!vf.ResponderSuspended) return BadResourceState;
        var size = VhcaCommands.ImageSize.Get(call.Input);
        if (size is 0 or > VhcaImage.MaxSize) return BadParameter;
        return Transfer(call, new byte[size], Mkey.Right.LocalRead, isLoad: true, piece =>
        {
            if (!vf.ResponderSuspended) return BadResourceState;
            var image = call.Function.Options.ImageChunk > 0 ? vf.Chunks.Take(piece) : piece;
            return image is null || vf.LoadImage(image) ? Ok : BadParameter;
        });
    }

    /// <summary>The next piece of a captured image. The VF stands, or its changes count from the capture on: later pieces are of the same
    /// moment.</summary>
    private static CommandStatus? SavePiece(CommandCall call, Mlx5VirtualFunction vf, Action begun)
    {
        var most = call.Function.Options.ImageChunk;
        var piece = vf.Chunks.Next(most);
        if (VhcaCommands.ImageSize.Get(call.Input) < (uint)piece.Length) return LimitExceeded;
        return Transfer(call, piece, Mkey.Right.LocalWrite, isLoad: false, saved =>
        {
            begun();
            vf.Chunks.HandedOut(saved.Length);
            VhcaCommands.ActualSize.Set(call.Output, (uint)saved.Length);
            VhcaCommands.NextRequiredSize.Set(call.Output, (uint)vf.Chunks.NextSize(most));
            return Ok;
        });
    }

    private static CommandStatus? Transfer(
        CommandCall call, byte[] image, Mkey.Right right, bool isLoad, Func<byte[], CommandStatus> ended)
    {
        var vhca = call.Function.Vhca;
        var key = VhcaCommands.Mkey.Get(call.Input);
        var address = VhcaCommands.Address.Get(call.Input);
        if (vhca.FindMkey(key) is not { } mkey || !mkey.Allows(key, mkey.Pd, right)) return BadResource;
        if (!mkey.Covers(address, (ulong)image.Length)) return BadParameter;
        call.Transfer = new ImageTransfer(call, mkey, address, image, isLoad, call.Function.Options.ImagePageTime, ended);
        return null;
    }

    private static Mlx5VirtualFunction? Find(CommandCall call, out CommandStatus status)
    {
        status = call.Function is Mlx5PhysicalFunction ? BadResource : BadOperation;
        if ((call.Function as Mlx5PhysicalFunction)?.VirtualFunctionById(VhcaCommands.VhcaId.Get(call.Input)) is not { } vf) return null;

        // A VF that is being reset comes out of it running, whatever was asked for meanwhile.
        status = BadResourceState;
        return call.Function.Sim.Now < vf.ReadyAt ? null : vf;
    }
}
