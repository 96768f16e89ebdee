namespace Sim.Mlx5.Device;

/// <summary>
/// Images that cross in pieces, where QUERY_VHCA_MIGRATION_STATE has asked for it: what a SAVE captured and has not handed out yet, and
/// what LOADs have brought of an image that is not whole.
/// </summary>
internal sealed class ChunkedImages
{
    private readonly MemoryStream _incoming = new();
    private byte[] _image = [];
    private int _handedOut;

    /// <summary>SAVE gives pieces: asked for with the last QUERY.</summary>
    public bool IsOn { get; set; }

    /// <summary>Some of a captured image is still to be saved.</summary>
    public bool HasMore => _handedOut < _image.Length;

    /// <summary>An image was loaded in part: the VF cannot run.</summary>
    public bool IsLoading => _incoming.Length > 0;

    /// <summary>A new image, of which nothing is handed out.</summary>
    public void Begin(byte[] image) => (_image, _handedOut) = (image, 0);

    /// <summary>The next piece of it.</summary>
    /// <param name="most">Its size at most.</param>
    public byte[] Next(int most) => _image.AsSpan(_handedOut, NextSize(most)).ToArray();

    /// <summary>Bytes of the next piece; 0 if there is none.</summary>
    public int NextSize(int most) => Math.Min(most, _image.Length - _handedOut);

    /// <summary>A piece is in host memory.</summary>
    public void HandedOut(int bytes) => _handedOut += bytes;

    /// <summary>Takes a piece.</summary>
    /// <returns>The image, if that made it whole; null if more has to come.</returns>
    public byte[]? Take(ReadOnlySpan<byte> piece)
    {
        _incoming.Write(piece);
        var all = _incoming.ToArray();
        if (VhcaImage.LengthOf(all) is { } whole && all.Length < whole) return null;
        _incoming.SetLength(0);
        return all;
    }

    /// <summary>Nothing is under way any more.</summary>
    public void Clear()
    {
        _incoming.SetLength(0);
        (_image, _handedOut, IsOn) = ([], 0, false);
    }
}
