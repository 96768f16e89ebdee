using System.Buffers.Binary;
using static Sim.Pcie.Spec.MigrationControlBlock;

namespace Sim.Pcie.Endpoints;

/// <summary>The registers of <see cref="Spec.MigrationControlBlock"/> in front of a migratable function.</summary>
internal sealed class MigrationControlRegisters(IMigratableFunction function)
{
    private readonly byte[] _image = new byte[ImageSize];
    private int _length;
    private bool _busy;
    private bool _failed;

    public void Read(int at, Span<byte> destination)
    {
        if (at >= Image)
        {
            _image.AsSpan(at - Image, destination.Length).CopyTo(destination);
            return;
        }

        Span<byte> raw = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(raw, at switch
        {
            Status => StatusValue,
            ImageLength => (uint)_length,
            Features => function.SuspendsInitiatorAlone ? PeerToPeerState : 0,
            _ => 0,
        });
        destination.Clear();
        raw[..Math.Min(4, destination.Length)].CopyTo(destination);
    }

    public void Write(int at, ReadOnlySpan<byte> data)
    {
        if (at >= Image)
        {
            data.CopyTo(_image.AsSpan(at - Image));
        }
        else if (data.Length == 4)
        {
            var value = BinaryPrimitives.ReadUInt32LittleEndian(data);
            if (at == ImageLength) _length = (int)Math.Min(value, ImageSize);
            else if (at == Command && !_busy) Execute(value);
        }
    }

    public void Reset()
    {
        Array.Clear(_image);
        _length = 0;
        _busy = _failed = false;
    }

    private uint StatusValue =>
        (_busy ? Busy : 0) | (_failed ? Failed : 0)
        | (function.InitiatorSuspended ? InitiatorIsSuspended : 0) | (function.ResponderSuspended ? ResponderIsSuspended : 0);

    private void Execute(uint command)
    {
        _failed = false;
        switch (command)
        {
            case SuspendInitiator:
                _busy = true;
                function.SuspendInitiator(() => _busy = false);
                break;
            case SuspendResponder:
                function.SuspendResponder();
                break;
            case ResumeResponder:
                function.ResumeResponder();
                break;
            case ResumeInitiator:
                function.ResumeInitiator();
                break;
            case Save:
                var image = function.SaveImage();
                image.CopyTo(_image, 0);
                _length = image.Length;
                break;
            case Load:
                _failed = !function.LoadImage(_image.AsSpan(0, _length));
                break;
            default:
                _failed = true;
                break;
        }
    }
}
