using System.Diagnostics;
using System.Globalization;

namespace Sim.Iommu.Tests.Qemu;

/// <summary>A QEMU machine whose CPU halts at once, driven by the qtest protocol: memory, ports, configuration space. Its virtual clock
/// jumps to the next timer, so that devices need no real time.</summary>
internal sealed class QtestClient : IDisposable
{
    private const string Program = "qemu-system-x86_64";
    private const ushort ConfigAddress = 0xCF8;
    private const ushort ConfigData = 0xCFC;
    private const int RomBytes = 0x1_0000;

    private readonly string _rom = Path.GetTempFileName();
    private readonly Process _process;

    /// <summary>Starts a machine.</summary>
    /// <param name="arguments">QEMU's arguments beside those that make it a qtest machine.</param>
    public QtestClient(params string[] arguments)
    {
        // Debian builds QEMU without its qtest accelerator: a CPU that halts at its reset vector (CLI, HLT, JMP) does as well.
        var rom = new byte[RomBytes];
        byte[] halt = [0xFA, 0xF4, 0xEB, 0xFD];
        halt.CopyTo(rom, RomBytes - 16);
        File.WriteAllBytes(_rom, rom);
        string[] all =
        [
            "-accel", "tcg", "-icount", "shift=1,sleep=off", "-bios", _rom, "-display", "none", "-nodefaults", "-qtest", "stdio",
            "-qtest-log", "/dev/null", .. arguments,
        ];
        _process = Process.Start(new ProcessStartInfo(Program, all)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    /// <summary>Whether QEMU is installed.</summary>
    public static bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, Program)));

    /// <summary>Reads 1, 2, 4 or 8 bytes.</summary>
    public ulong Read(ulong address, int bytes) => Number(Ask($"read{Letter(bytes)} 0x{address:x}"));

    /// <summary>Writes 1, 2, 4 or 8 bytes.</summary>
    public void Write(ulong address, ulong value, int bytes) => Ask($"write{Letter(bytes)} 0x{address:x} 0x{value:x}");

    /// <summary>Fills memory with a byte.</summary>
    public void Fill(ulong address, ulong bytes, byte value) => Ask($"memset 0x{address:x} 0x{bytes:x} 0x{value:x}");

    /// <summary>Writes a DWORD of configuration space.</summary>
    public void WriteConfig(int bus, int device, int function, int offset, uint value)
    {
        Select(bus, device, function, offset);
        Ask($"outl 0x{ConfigData:x} 0x{value:x}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        File.Delete(_rom);
    }

    private static char Letter(int bytes) => bytes switch { 1 => 'b', 2 => 'w', 4 => 'l', _ => 'q' };

    private static ulong Number(string text) => ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void Select(int bus, int device, int function, int offset) =>
        Ask($"outl 0x{ConfigAddress:x} 0x{0x8000_0000u | (uint)(bus << 16 | device << 11 | function << 8 | offset):x}");

    private string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line == "OK") return "";
            if (line.StartsWith("OK ", StringComparison.Ordinal)) return line[3..];
            if (!line.StartsWith("IRQ", StringComparison.Ordinal))
                throw new InvalidOperationException($"QEMU answers '{line}' to '{command}'");
        }

        throw new InvalidOperationException($"QEMU ended at '{command}'");
    }
}
