using System.Buffers.Binary;
using static Sim.Pcie.Spec.MigrationControlBlock;

namespace Sim.Pcie.Endpoints;

/// <summary>How commands of a <see cref="Spec.MigrationControlBlock"/> go wrong in broken hardware.</summary>
/// <param name="Command">Which one.</param>
/// <param name="Hangs">It stays busy for ever instead of failing.</param>
public sealed record MigrationFault(uint Command, bool Hangs = false);

/// <summary>The registers of <see cref="Spec.MigrationControlBlock"/> in front of a migratable function.</summary>
internal sealed class MigrationControlRegisters(IMigratableFunction function)
{
    private readonly byte[] _image = new byte[ImageSize];
    private byte[] _saved = [];
    private ulong _logBase;
    private int _logPages;
    private int _length;
    private bool _busy;
    private bool _failed;

    /// <summary>What goes wrong; null if nothing does.</summary>
    public MigrationFault? Fault { get; set; }

    /// <summary>What the device writes to host memory.</summary>
    public WriteLog Log { get; } = new();

    public void Read(int at, Span<byte> destination)
    {
        if (at >= Image)
        {
            _image.AsSpan(at - Image, destination.Length).CopyTo(destination);
            return;
        }

        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, at switch
        {
            Status => StatusValue,
            ImageLength => (uint)_length,
            Features => FeatureBits(function.Supports),
            ImageChanged => function.SaveImage().AsSpan().SequenceEqual(_saved) ? 0u : 1,
            LogBase => _logBase,
            LogPages => (uint)_logPages,
            _ => 0,
        });
        destination.Clear();
        raw[..Math.Min(8, destination.Length)].CopyTo(destination);
    }

    public void Write(int at, ReadOnlySpan<byte> data)
    {
        if (at >= Image)
        {
            data.CopyTo(_image.AsSpan(at - Image));
        }
        else if (at == LogBase && data.Length == 8)
        {
            _logBase = BinaryPrimitives.ReadUInt64LittleEndian(data);
        }
        else if (data.Length == 4)
        {
            var value = BinaryPrimitives.ReadUInt32LittleEndian(data);
            if (at == ImageLength) _length = (int)Math.Min(value, ImageSize);
            else if (at == LogPages) _logPages = (int)Math.Min(value, MaxLogPages);
            else if (at == Command && !_busy) Execute(value);
        }
    }

    public void Reset()
    {
        Array.Clear(_image);
        Log.Stop();
        _saved = [];
        _length = _logPages = 0;
        _logBase = 0;
        _busy = _failed = false;
    }

    private uint StatusValue =>
        (_busy ? Busy : 0) | (_failed ? Failed : 0)
        | (function.InitiatorSuspended ? InitiatorIsSuspended : 0) | (function.ResponderSuspended ? ResponderIsSuspended : 0);

    private static uint FeatureBits(MigrationSupport supports) =>
        (supports.HasFlag(MigrationSupport.PeerToPeer) ? PeerToPeerState : 0)
        | (supports.HasFlag(MigrationSupport.PreCopy) ? PreCopyState : 0)
        | (supports.HasFlag(MigrationSupport.WriteLog) ? Spec.MigrationControlBlock.WriteLog : 0);

    private void Execute(uint command)
    {
        _failed = Fault is { Hangs: false } broken && broken.Command == command;
        _busy = Fault is { Hangs: true } stuck && stuck.Command == command;
        if (_failed || _busy) return;
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
                _saved = function.SaveImage();
                _saved.CopyTo(_image, 0);
                _length = _saved.Length;
                break;
            case Load:
                _failed = !function.LoadImage(_image.AsSpan(0, _length));
                break;
            case StartLog:
                _failed = !function.Supports.HasFlag(MigrationSupport.WriteLog) || !Log.Start(_logBase, _logPages);
                break;
            case StopLog:
                Log.Stop();
                break;
            case ReadLog:
                _failed = !Log.Read(_logBase, _logPages, _image);
                break;
            default:
                _failed = true;
                break;
        }
    }
}
