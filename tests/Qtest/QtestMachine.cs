using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace Qtest;

/// <summary>
/// A QEMU q35 machine without a guest: its CPU does nothing, and the test drives its buses over the qtest protocol. Configuration space is
/// reached by ECAM. Every access is one line there and one back.
/// </summary>
public sealed class QtestMachine : IDisposable
{
    private const string Binary = "qemu-system-x86_64";
    private const uint ConfigAddress = 0xCF8;
    private const uint ConfigData = 0xCFC;
    private const uint EcamRegister = 0x8000_0060;
    private const ulong Ecam = 0xB000_0000;
    private const uint EcamEnabled = 1;
    private const int RomBytes = 0x1_0000;

    // CLI, HLT, JMP back: at the reset vector, 16 bytes below the end of the ROM.
    private static readonly byte[] Halt = [0xFA, 0xF4, 0xEB, 0xFD];

    private readonly DirectoryInfo _folder;
    private readonly Process _process;
    private volatile string? _lastComplaint;
    private readonly Lazy<(StreamReader Reader, StreamWriter Writer)> _monitor;

    /// <summary>Starts a machine whose CPU and clock stand still.</summary>
    /// <param name="arguments">What to add to an empty q35 with 64 MiB of memory: "-device", "edu", ...</param>
    /// <exception cref="InvalidOperationException">QEMU refused them.</exception>
    public QtestMachine(params string[] arguments) : this(Directory.CreateTempSubdirectory("qtest"), ["-S", .. arguments])
    {
    }

    private QtestMachine(DirectoryInfo folder, string[] arguments)
    {
        _folder = folder;
        var socket = Path.Combine(_folder.FullName, "qmp");
        string[] machine =
        [
            "-M", "q35", "-accel", "tcg", "-display", "none", "-nodefaults", "-m", "64", "-monitor", "none",
            "-qtest", "stdio", "-qtest-log", "/dev/null", "-qmp", $"unix:{socket},server=on,wait=off", .. arguments,
        ];
        _process = Process.Start(new ProcessStartInfo(Binary, machine)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

        // Read all the time: devices report guest errors without end, and QEMU would wait for room in the pipe.
        _process.ErrorDataReceived += (_, line) => _lastComplaint = line.Data ?? _lastComplaint;
        _process.BeginErrorReadLine();
        _monitor = new(() => Connect(socket));
        Out(ConfigAddress, 4, EcamRegister);
        Out(ConfigData, 4, (uint)Ecam | EcamEnabled);
    }

    /// <summary>Starts a machine whose clock runs, for devices that take their time: it jumps to the next timer, while the CPU has halted
    /// at its reset vector. (Debian builds QEMU without the accelerator that would do without a CPU.)</summary>
    /// <inheritdoc cref="QtestMachine(string[])"/>
    public static QtestMachine WithClock(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("qtest");
        var image = new byte[RomBytes];
        Halt.CopyTo(image, RomBytes - 16);
        var rom = Path.Combine(folder.FullName, "rom");
        File.WriteAllBytes(rom, image);
        return new QtestMachine(folder, ["-icount", "shift=1,sleep=off", "-bios", rom, .. arguments]);
    }

    /// <summary>Whether QEMU is installed here.</summary>
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, Binary)));

    /// <summary>Reads I/O space.</summary>
    public uint In(uint port, int size) => (uint)Value($"in{Letter(size)} 0x{port:x}");

    /// <summary>Writes I/O space.</summary>
    public void Out(uint port, int size, uint value) => Ask($"out{Letter(size)} 0x{port:x} 0x{value:x}");

    /// <summary>Reads 1, 2, 4 or 8 bytes of the physical address space, as a CPU does.</summary>
    public ulong ReadMemory(ulong address, int size) => Value($"read{Letter(size)} 0x{address:x}");

    /// <summary>Writes 1, 2, 4 or 8 bytes of the physical address space, as a CPU does.</summary>
    public void WriteMemory(ulong address, int size, ulong value) => Ask($"write{Letter(size)} 0x{address:x} 0x{value:x}");

    /// <summary>Fills physical memory with a byte.</summary>
    public void FillMemory(ulong address, ulong bytes, byte value) => Ask($"memset 0x{address:x} 0x{bytes:x} 0x{value:x}");

    /// <summary>Reads configuration space; all ones where nobody is.</summary>
    /// <param name="routingId">Bus in 15:8, device and function below.</param>
    /// <param name="offset">Byte offset, a multiple of the size.</param>
    /// <param name="size">1, 2 or 4.</param>
    public uint ReadConfig(int routingId, int offset, int size) => (uint)ReadMemory(EcamOf(routingId, offset), size);

    /// <summary>Writes configuration space.</summary>
    /// <inheritdoc cref="ReadConfig"/>
    public void WriteConfig(int routingId, int offset, int size, uint value) => WriteMemory(EcamOf(routingId, offset), size, value);

    /// <summary>Runs a command of the human monitor.</summary>
    /// <returns>What it printed; empty where it worked and had nothing to say.</returns>
    public string Monitor(string command)
    {
        var line = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["execute"] = "human-monitor-command",
            ["arguments"] = new Dictionary<string, string> { ["command-line"] = command },
        });
        return Execute(_monitor.Value, line).GetString() ?? "";
    }

    /// <summary>Ends the machine.</summary>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static char Letter(int size) => size switch
    {
        1 => 'b',
        2 => 'w',
        4 => 'l',
        8 => 'q',
        _ => throw new ArgumentOutOfRangeException(nameof(size), size, "1, 2, 4 or 8 bytes"),
    };

    private static ulong EcamOf(int routingId, int offset) => Ecam + ((ulong)routingId << 12) + (uint)offset;

    private static (StreamReader, StreamWriter) Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        var stream = new NetworkStream(socket, ownsSocket: true);
        var monitor = (new StreamReader(stream), new StreamWriter(stream) { AutoFlush = true });
        Execute(monitor, """{"execute":"qmp_capabilities"}""");
        return monitor;
    }

    private static JsonElement Execute((StreamReader Reader, StreamWriter Writer) monitor, string line)
    {
        monitor.Writer.WriteLine(line);
        while (monitor.Reader.ReadLine() is { } answer)
        {
            var root = JsonDocument.Parse(answer).RootElement;
            if (root.TryGetProperty("return", out var result)) return result;
            if (root.TryGetProperty("error", out var error)) throw new InvalidOperationException($"{line}: {error}");
        }

        throw new InvalidOperationException($"QEMU closed its monitor at {line}");
    }

    private ulong Value(string command)
    {
        var answer = Ask(command);
        return ulong.Parse(answer.AsSpan(answer.IndexOf('x', StringComparison.Ordinal) + 1), NumberStyles.HexNumber,
            CultureInfo.InvariantCulture);
    }

    private string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        while (_process.StandardOutput.ReadLine() is { } answer)
        {
            if (answer.StartsWith("OK", StringComparison.Ordinal)) return answer;
            if (!answer.StartsWith("IRQ", StringComparison.Ordinal))
                throw new InvalidOperationException($"QEMU answers '{answer}' to '{command}'");
        }

        _process.WaitForExit();
        throw new InvalidOperationException($"QEMU ended at '{command}': {_lastComplaint}");
    }
}
