using Sim.Mlx5.Spec;
using Sim.Vfio;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>The loading side of one transfer: every whole record that the user has written is loaded at once.</summary>
internal sealed class VhcaLoad
{
    private const ulong MaxImage = 8 << 20;

    private readonly Mlx5PfDriver _pf;
    private readonly ushort _vhcaId;
    private readonly VhcaBuffer.Executor _execute;
    private readonly List<byte> _incoming = [];

    public VhcaLoad(Mlx5PfDriver pf, ushort vhcaId, VhcaBuffer.Executor execute)
    {
        (_pf, _vhcaId, _execute) = (pf, vhcaId, execute);
        File = MigrationFile.ForResuming(ReceiveAsync);
    }

    public MigrationFile File { get; }

    private async Task<Errno> ReceiveAsync(ReadOnlyMemory<byte> data)
    {
        _incoming.AddRange(data.Span);
        while (_incoming.Count >= VhcaImageRecord.HeaderSize)
        {
            var (size, flags, tag) = VhcaImageRecord.Read([.. _incoming[..VhcaImageRecord.HeaderSize]]);
            if (size is 0 or > MaxImage) return Errno.EINVAL;
            if (_incoming.Count < VhcaImageRecord.HeaderSize + (int)size) return Errno.None;
            var record = _incoming.GetRange(VhcaImageRecord.HeaderSize, (int)size).ToArray();
            _incoming.RemoveRange(0, VhcaImageRecord.HeaderSize + (int)size);
            if (tag == VhcaImageRecord.FirmwareImage)
            {
                if (await LoadAsync(record) is var error and not Errno.None) return error;
            }
            else if (tag != VhcaImageRecord.StopCopySize && (flags & VhcaImageRecord.Optional) == 0)
            {
                return Errno.EOPNOTSUPP;
            }
        }

        return Errno.None;
    }

    private async Task<Errno> LoadAsync(byte[] image)
    {
        try
        {
            var buffer = await VhcaBuffer.CreateAsync(_pf, (uint)image.Length, _execute);
            buffer.Write(image);
            try
            {
                await _execute(CommandInput.TransferVhca(CommandOpcode.LoadVhcaState, _vhcaId, buffer.Mkey, (uint)image.Length));
            }
            finally
            {
                await buffer.DestroyAsync(_execute);
            }

            return Errno.None;
        }
        catch (MigrationStepException failure)
        {
            return failure.Error;
        }
    }
}
