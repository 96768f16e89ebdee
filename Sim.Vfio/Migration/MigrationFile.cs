using System.Runtime.InteropServices;
using Sim.Core;

namespace Sim.Vfio.Migration;

/// <summary>What a read or write of a migration data file gave.</summary>
/// <param name="Error">None, ENOMSG at the temporary end of data in a pre-copy state, ENODEV when the transfer is over, EINVAL in the wrong
/// direction, or what the driver answered.</param>
/// <param name="Bytes">How many bytes were moved; a read of 0 without error is the end of the image.</param>
public readonly record struct FileResult(Errno Error, int Bytes);

/// <summary>What VFIO_MIG_GET_PRECOPY_INFO gave.</summary>
/// <param name="Error">None, EINVAL outside of the pre-copy states, ENOTTY where the file was not opened by one, ENODEV when the transfer
/// is over, or what the driver answered.</param>
/// <param name="InitialBytes">Left to read of the first image: while it is not 0, leaving pre-copy gains nothing.</param>
/// <param name="DirtyBytes">State that changed since it was read, or waits to be read again.</param>
public readonly record struct PreCopyInfo(Errno Error, ulong InitialBytes, ulong DirtyBytes);

/// <summary>
/// The data file of one transfer: a saving driver appends and the user reads until 0 bytes; a resuming driver takes what the user writes.
/// A driver disables the file when the device leaves the states in which the transfer means anything.
/// </summary>
public sealed class MigrationFile
{
    private readonly List<byte> _data = [];
    private readonly SimSignal _changed = new();
    private readonly Func<ReadOnlyMemory<byte>, Task<Errno>>? _sink;
    private readonly Func<Task<PreCopyInfo>>? _preCopyInfo;
    private int _position;

    private MigrationFile(Func<ReadOnlyMemory<byte>, Task<Errno>>? sink, Func<Task<PreCopyInfo>>? preCopyInfo) =>
        (_sink, _preCopyInfo, InPreCopy) = (sink, preCopyInfo, preCopyInfo is not null);

    /// <summary>The user writes the image, as opposed to reading it.</summary>
    public bool IsResuming => _sink is not null;

    /// <summary>The transfer is over: every access gives ENODEV.</summary>
    public bool IsDisabled { get; private set; }

    /// <summary>The driver appended all there is: once read, reads give 0 bytes.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The driver has nothing more until a later state: once read, reads give ENOMSG.</summary>
    public bool IsAtPreCopyEnd { get; private set; }

    /// <summary>The device is in a pre-copy state: the end of the data is a temporary one. False from STOP_COPY on.</summary>
    public bool InPreCopy { get; private set; }

    /// <summary>Bytes the user has read.</summary>
    public int Position => _position;

    /// <summary>Bytes appended and not read yet.</summary>
    public int Pending => _data.Count - _position;

    /// <summary>Makes the file of a saving device.</summary>
    public static MigrationFile ForSaving() => new(null, null);

    /// <summary>Makes the file of a device in a pre-copy state, which goes on in STOP_COPY; <paramref name="info"/> answers
    /// <see cref="GetPreCopyInfoAsync"/>, and may append what changed.</summary>
    public static MigrationFile ForPreCopy(Func<Task<PreCopyInfo>> info) => new(null, info);

    /// <summary>Makes the file of a resuming device; <paramref name="sink"/> gets every write and answers with an error number.</summary>
    public static MigrationFile ForResuming(Func<ReadOnlyMemory<byte>, Task<Errno>> sink) => new(sink, null);

    /// <summary>Driver: more data to read.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        IsAtPreCopyEnd = false;
        _data.AddRange(data);
        _changed.Release();
    }

    /// <summary>Driver: nothing more for now; only in the pre-copy states.</summary>
    public void EndPreCopyData()
    {
        IsAtPreCopyEnd = true;
        _changed.Release();
    }

    /// <summary>Driver: that was the image.</summary>
    public void Complete()
    {
        IsComplete = true;
        _changed.Release();
    }

    /// <summary>Driver: the transfer is over.</summary>
    public void Disable()
    {
        IsDisabled = true;
        _changed.Release();
    }

    /// <summary>The device left the pre-copy states for STOP_COPY: who reads now waits for the rest of the image.</summary>
    internal void EndPreCopy()
    {
        InPreCopy = false;
        _changed.Release();
    }

    /// <summary>User: VFIO_MIG_GET_PRECOPY_INFO, what is left to read as of now.</summary>
    public async Task<PreCopyInfo> GetPreCopyInfoAsync()
    {
        if (_preCopyInfo is null) return new(Errno.ENOTTY, 0, 0);
        if (IsDisabled) return new(Errno.ENODEV, 0, 0);
        return InPreCopy ? await _preCopyInfo() : new(Errno.EINVAL, 0, 0);
    }

    /// <summary>User: read(). Waits while the driver still collects data.</summary>
    public async Task<FileResult> ReadAsync(Memory<byte> buffer)
    {
        if (IsResuming) return new(Errno.EINVAL, 0);
        while (true)
        {
            if (IsDisabled) return new(Errno.ENODEV, 0);
            if (Pending > 0)
            {
                var bytes = Math.Min(buffer.Length, Pending);
                CollectionsMarshal.AsSpan(_data).Slice(_position, bytes).CopyTo(buffer.Span);
                _position += bytes;
                return new(Errno.None, bytes);
            }

            if (IsComplete) return new(Errno.None, 0);
            if (IsAtPreCopyEnd && InPreCopy) return new(Errno.ENOMSG, 0);
            await _changed;
        }
    }

    /// <summary>User: write().</summary>
    public async Task<FileResult> WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (_sink is null) return new(Errno.EINVAL, 0);
        if (IsDisabled) return new(Errno.ENODEV, 0);
        var error = await _sink(data);
        return new(error, error == Errno.None ? data.Length : 0);
    }
}
