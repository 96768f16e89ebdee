using Sim.Mlx5.Spec;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>Host pages under one key of the PF: where an image is saved to or loaded from.</summary>
internal sealed class VhcaBuffer
{
    private const int PageBytes = 4096;

    private readonly Mlx5PfDriver _pf;
    private readonly List<ulong> _pages;

    private VhcaBuffer(Mlx5PfDriver pf, List<ulong> pages, uint mkey) => (_pf, _pages, Mkey) = (pf, pages, mkey);

    public delegate Task<byte[]> Executor(byte[] input, int outputLength = CommandHeader.Size);

    public uint Mkey { get; }

    public int Capacity => _pages.Count * PageBytes;

    public static async Task<VhcaBuffer> CreateAsync(Mlx5PfDriver pf, uint bytes, Executor execute, uint? pd = null)
    {
        var pages = pf.TakePages((int)((bytes + PageBytes - 1) / PageBytes));
        try
        {
            var output = await execute(CommandInput.CreatePagedMkey(pd ?? pf.Pd, pages));
            return new VhcaBuffer(pf, pages, CommandHeader.CreatedNumber.Get(output) << 8);
        }
        catch (MigrationStepException)
        {
            pf.ReturnPages(pages);
            throw;
        }
    }

    public byte[] Read(int bytes, int firstPage = 0)
    {
        var image = new byte[bytes];
        for (var at = 0; at < bytes; at += PageBytes)
            _pf.Platform.Read(_pages[firstPage + (at / PageBytes)], image.AsSpan(at, Math.Min(PageBytes, bytes - at)));
        return image;
    }

    public void Write(ReadOnlySpan<byte> image)
    {
        for (var at = 0; at < image.Length; at += PageBytes)
            _pf.Platform.Write(_pages[at / PageBytes], image.Slice(at, Math.Min(PageBytes, image.Length - at)));
    }

    /// <summary>Destroys the key and gives the pages back. Pages under a key that could not be destroyed are not used again.</summary>
    public async Task DestroyAsync(Executor execute)
    {
        try
        {
            await execute(CommandInput.On(CommandOpcode.DestroyMkey, Mkey >> 8));
            _pf.ReturnPages(_pages);
        }
        catch (MigrationStepException)
        {
            // The device may still write there.
        }
    }
}
