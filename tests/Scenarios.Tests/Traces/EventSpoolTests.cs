using System.Text;
using Scenarios.Traces;

namespace Scenarios.Tests.Traces;

public class EventSpoolTests
{
    [Test]
    public void Lines_come_back_in_order_however_many_there_are()
    {
        var folder = Directory.CreateTempSubdirectory("pciesim-");
        var path = Path.Combine(folder.FullName, "spool");
        foreach (var lines in new[] { 0, 3, 200_000 })
        {
            using (var spool = new EventSpool(path))
            {
                for (var i = 0; i < lines; i++) spool.Add(i, Encoding.UTF8.GetBytes($"{i}{new string('x', i % 300)}\n"));
                var next = 0;
                foreach (var (time, line) in spool.Read())
                {
                    if (time != next || Encoding.UTF8.GetString(line.Span) != $"{next}{new string('x', next % 300)}\n")
                        Assert.Fail($"line {next} of {lines}");
                    next++;
                }

                Assert.That(next, Is.EqualTo(lines));
                Assert.That(File.Exists(path), Is.EqualTo(lines > 100_000), "a file only where they are many");
            }

            Assert.That(File.Exists(path), Is.False, "nothing is left");
        }

        folder.Delete();
    }
}
