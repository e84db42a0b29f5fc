package pickle

// isPython2Exception names the exceptions that Python 2 has in the module exceptions, and
// Python 3 among the builtins.
func isPython2Exception(name string) bool {
	switch name {
	case "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BufferError",
		"BytesWarning", "DeprecationWarning", "EOFError", "EnvironmentError", "Exception",
		"FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportError",
		"ImportWarning", "IndentationError", "IndexError", "KeyError", "KeyboardInterrupt",
		"LookupError", "MemoryError", "NameError", "NotImplementedError", "OSError",
		"OverflowError", "PendingDeprecationWarning", "ReferenceError", "RuntimeError", "RuntimeWarning",
		"StopIteration", "SyntaxError", "SyntaxWarning", "SystemError", "SystemExit",
		"TabError", "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError",
		"UnicodeError", "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError",
		"Warning", "ZeroDivisionError":
		return true
	}
	return false
}

// python2Name is the reverse: what a pickle below protocol 3 calls a class or function
// of Python 3. Names that Python itself would not find again (it writes a
// ConnectionError as an OSError) are left as they are.
func python2Name(module, name string) (string, string) {
	switch module {
	case "builtins":
		if isPython2Exception(name) {
			return "exceptions", name
		}
		switch name {
		case "chr":
			return "__builtin__", "unichr"
		case "filter":
			return "itertools", "ifilter"
		case "int":
			return "__builtin__", "long"
		case "map":
			return "itertools", "imap"
		case "range":
			return "__builtin__", "xrange"
		case "str":
			return "__builtin__", "unicode"
		case "zip":
			return "itertools", "izip"
		}
		return "__builtin__", name
	case "collections":
		switch name {
		case "UserList":
			return "UserList", name
		case "UserString":
			return "UserString", name
		case "UserDict":
			return "UserDict", "IterableUserDict"
		}
	case "dbm":
		switch name {
		case "whichdb":
			return "whichdb", name
		}
		return "anydbm", name
	case "functools":
		switch name {
		case "reduce":
			return "__builtin__", name
		}
	case "http.server":
		switch name {
		case "CGIHTTPRequestHandler":
			return "CGIHTTPServer", name
		case "SimpleHTTPRequestHandler":
			return "SimpleHTTPServer", name
		}
		return "BaseHTTPServer", name
	case "itertools":
		switch name {
		case "filterfalse":
			return "itertools", "ifilterfalse"
		case "zip_longest":
			return "itertools", "izip_longest"
		}
	case "multiprocessing.connection":
		switch name {
		case "Connection":
			return "_multiprocessing", name
		}
	case "multiprocessing.context":
		switch name {
		case "AuthenticationError", "BufferTooShort", "ProcessError", "TimeoutError":
			return "multiprocessing", name
		case "Process":
			return "multiprocessing.process", name
		}
	case "multiprocessing.popen_fork":
		switch name {
		case "Popen":
			return "multiprocessing.forking", name
		}
	case "socket":
		switch name {
		case "fromfd":
			return "_socket", name
		}
	case "sys":
		switch name {
		case "intern":
			return "__builtin__", name
		}
	case "tkinter.filedialog":
		switch name {
		case "FileDialog", "LoadFileDialog", "SaveFileDialog":
			return "FileDialog", name
		}
		return "tkFileDialog", name
	case "tkinter.simpledialog":
		switch name {
		case "SimpleDialog":
			return "SimpleDialog", name
		}
		return "tkSimpleDialog", name
	case "urllib.error":
		switch name {
		case "ContentTooShortError":
			return "urllib", name
		case "HTTPError", "URLError":
			return "urllib2", name
		}
	case "urllib.parse":
		switch name {
		case "quote", "quote_plus", "unquote", "unquote_plus", "urlencode":
			return "urllib", name
		}
		return "urlparse", name
	case "urllib.request":
		switch name {
		case "getproxies", "pathname2url", "url2pathname", "urlcleanup", "urlopen",
			"urlretrieve":
			return "urllib", name
		}
		return "urllib2", name
	case "xmlrpc.server":
		switch name {
		case "DocCGIXMLRPCRequestHandler", "DocXMLRPCRequestHandler", "DocXMLRPCServer", "ServerHTMLDoc", "XMLRPCDocGenerator":
			return "DocXMLRPCServer", name
		}
		return "SimpleXMLRPCServer", name
	case "configparser":
		return "ConfigParser", name
	case "http.cookies":
		return "Cookie", name
	case "tkinter.dialog":
		return "Dialog", name
	case "html.parser":
		return "HTMLParser", name
	case "queue":
		return "Queue", name
	case "tkinter.scrolledtext":
		return "ScrolledText", name
	case "socketserver":
		return "SocketServer", name
	case "tkinter.tix":
		return "Tix", name
	case "tkinter.constants":
		return "Tkconstants", name
	case "tkinter.dnd":
		return "Tkdnd", name
	case "tkinter":
		return "Tkinter", name
	case "collections.abc":
		return "_abcoll", name
	case "winreg":
		return "_winreg", name
	case "subprocess":
		return "commands", name
	case "http.cookiejar":
		return "cookielib", name
	case "copyreg":
		return "copy_reg", name
	case "dbm.bsd":
		return "dbhash", name
	case "dbm.ndbm":
		return "dbm", name
	case "dbm.dumb":
		return "dumbdbm", name
	case "_dummy_thread":
		return "dummy_thread", name
	case "dbm.gnu":
		return "gdbm", name
	case "html.entities":
		return "htmlentitydefs", name
	case "http.client":
		return "httplib", name
	case "_markupbase":
		return "markupbase", name
	case "reprlib":
		return "repr", name
	case "urllib.robotparser":
		return "robotparser", name
	case "test.support":
		return "test.test_support", name
	case "_thread":
		return "thread", name
	case "tkinter.colorchooser":
		return "tkColorChooser", name
	case "tkinter.commondialog":
		return "tkCommonDialog", name
	case "tkinter.font":
		return "tkFont", name
	case "tkinter.messagebox":
		return "tkMessageBox", name
	case "tkinter.ttk":
		return "ttk", name
	case "xmlrpc.client":
		return "xmlrpclib", name
	}
	return module, name
}
