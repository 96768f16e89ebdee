using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// Moves an image between firmware and host memory through a memory key of the PF, page by page: with the PF's Requester ID, so that it
/// passes the
/// PF's translation and not the VF's.
/// </summary>
internal sealed class ImageTransfer
{
    private const int MaxPiece = 4096;

    private readonly CommandCall _call;
    private readonly Mkey _mkey;
    private readonly ulong _address;
    private readonly byte[] _image;
    private readonly bool _isLoad;
    private readonly SimEvent _step;
    private readonly SimDuration _pageTime;
    private readonly Func<byte[], CommandStatus> _ended;
    private int _done;

    /// <summary>Begins a transfer; its command ends with it.</summary>
    /// <param name="call">The command.</param>
    /// <param name="mkey">The PF's key, which covers the range.</param>
    /// <param name="address">Address in the key's region.</param>
    /// <param name="image">What to write, or where to read to.</param>
    /// <param name="isLoad">From memory to firmware.</param>
    /// <param name="pageTime">Firmware's time for each piece.</param>
    /// <param name="ended">Called with the whole image when all is moved.</param>
    public ImageTransfer(
        CommandCall call, Mkey mkey, ulong address, byte[] image, bool isLoad, SimDuration pageTime, Func<byte[], CommandStatus> ended)
    {
        (_call, _mkey, _address, _image, _isLoad, _pageTime, _ended) = (call, mkey, address, image, isLoad, pageTime, ended);
        _step = new SimEvent(call.Function.Sim, Step);
        _step.ScheduleAfter(pageTime);
    }

    public void Cancel() => _step.Cancel();

    public void OnRead(ReadOnlySpan<byte> data)
    {
        data.CopyTo(_image.AsSpan(_done));
        Advance(data.Length);
    }

    private void Step()
    {
        if (_done == _image.Length)
        {
            _call.Finish(_ended(_image));
            return;
        }

        var at = _mkey.Translate(_address + (ulong)_done, out var contiguous);
        var n = (int)Math.Min(Math.Min((ulong)(_image.Length - _done), contiguous), MaxPiece);
        var dma = _call.Function.Dma;
        if (_isLoad)
        {
            if (!dma.Read(at, n, Mlx5Function.CommandContext(_call.Slot))) _call.Finish(CommandStatus.InternalError);
        }
        else if (dma.Write(at, _image.AsSpan(_done, n)))
        {
            Advance(n);
        }
        else
        {
            _call.Finish(CommandStatus.InternalError);
        }
    }

    private void Advance(int bytes)
    {
        _done += bytes;
        _step.ScheduleAfter(_pageTime);
    }
}
